from django.db import migrations


class Migration(migrations.Migration):
    """Attempts are counted in the foundation, and a code belongs to the visit that asked for it.

    The columns stay for the processes of the version before, while they change over; nothing reads them here,
    and a later version may drop them.
    """

    dependencies = [("screening", "0004_forgetting")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE screening_access ALTER failures SET DEFAULT 0, ALTER codes_sent SET DEFAULT 0;"
                    "UPDATE screening_access SET code = NULL, code_until = NULL WHERE code IS NOT NULL",
                    "ALTER TABLE screening_access ALTER failures DROP DEFAULT, ALTER codes_sent DROP DEFAULT",
                )
            ],
            state_operations=[
                migrations.RemoveField("access", name)
                for name in ("failures", "last_failure_at", "code", "code_until", "codes_sent")
            ],
        )
    ]
