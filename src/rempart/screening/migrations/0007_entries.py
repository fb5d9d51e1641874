from django.db import migrations, models

from rempart.foundation.database.row_security import protect_for


class Migration(migrations.Migration):
    """Results entered by hand, as long as they may be corrected."""

    dependencies = [("screening", "0006_messages_protected")]

    operations = [
        migrations.CreateModel(
            "Entry",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("agent_id", models.UUIDField()),
                ("establishment", models.CharField(max_length=9)),
                ("department", models.CharField(max_length=3)),
                ("entered_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField(null=True)),
                ("state", models.CharField(max_length=10)),
                ("version", models.IntegerField(default=1)),
                ("findings", models.JSONField(default=list)),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_entry",
                "indexes": [
                    models.Index(fields=["establishment", "-entered_at"], name="entry_of_establishment"),
                    models.Index(fields=["agent_id", "-entered_at"], name="entry_of_agent"),
                    models.Index(fields=["expires_on"], name="entry_by_expiry"),
                ],
            },
        ),
        migrations.RunSQL(protect_for("screening_entry", establishments=["establishment"], agent="agent_id")),
    ]
