from django.db import migrations


class Migration(migrations.Migration):
    """Counters of limits.py: unlogged (worth nothing after a crash), and small pages' worth of free room for
    updates in place. No model: nothing reads it but the two statements there."""

    dependencies = [("access", "0002_perimeter")]

    operations = [
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE access_allowance (key bytea PRIMARY KEY, full_at timestamptz NOT NULL)"
            " WITH (fillfactor = 60)",
            "DROP TABLE access_allowance",
        )
    ]
