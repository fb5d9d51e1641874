from django.db import migrations

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("tracing", "0001_initial")]

    operations = [
        migrations.RunSQL(protect("tracing_case")),
    ]
