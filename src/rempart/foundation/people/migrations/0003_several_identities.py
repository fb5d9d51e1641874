from django.db import migrations

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("people", "0002_protect")]

    operations = [migrations.RunSQL(protect("people_identity", own=("identity", "id")))]
