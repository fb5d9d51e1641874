from django.db import migrations

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RunSQL(protect("people_identity", own=("identity", "id"))),
    ]
