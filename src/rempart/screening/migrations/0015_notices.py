from django.db import migrations, models

from rempart.foundation.database.row_security import protect_for


class Migration(migrations.Migration):
    """The texts of notices that were published, and whom a laboratory is to telephone."""

    dependencies = [("screening", "0014_register")]

    operations = [
        migrations.CreateModel(
            "Wording",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("channel", models.CharField(max_length=8)),
                ("subject", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("starts_at", models.DateTimeField()),
                ("published_at", models.DateTimeField()),
                ("published_by", models.UUIDField()),
            ],
            {
                "db_table": "screening_wording",
                "indexes": [
                    models.Index(fields=["kind", "channel", "-starts_at"], name="wording_in_force"),
                ],
            },
        ),
        migrations.CreateModel(
            "Call",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("department", models.CharField(max_length=3)),
                ("ledger_key", models.BinaryField(unique=True)),
                ("month", models.DateField()),
                ("result_id", models.UUIDField()),
                ("person_id", models.UUIDField()),
                ("identity_id", models.UUIDField()),
                ("why", models.CharField(max_length=8)),
                ("state", models.CharField(max_length=9)),
                ("tries", models.SmallIntegerField(default=0)),
                ("opened_at", models.DateTimeField()),
                ("last_at", models.DateTimeField(null=True)),
                ("version", models.IntegerField(default=1)),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_call",
                "indexes": [
                    models.Index(fields=["laboratory", "state", "opened_at"], name="call_of_laboratory"),
                    models.Index(fields=["expires_on"], name="call_by_expiry"),
                ],
            },
        ),
        migrations.RunSQL(protect_for("screening_call", establishments=["laboratory"])),
    ]
