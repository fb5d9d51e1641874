from django.db import migrations

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    """Ask for the settings of today on messages too: a database of the version before asked for one that nobody sets
    any more, and took no message."""

    dependencies = [("screening", "0005_attempts_elsewhere")]

    operations = [migrations.RunSQL(protect("screening_message"))]
