from django.db import migrations

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("screening", "0002_partitioned")]

    operations = [migrations.RunSQL(protect("screening_result", own=("person", "person_id")))]
