from django.db import migrations, models

from rempart.foundation.database.row_security import protect_for


class Migration(migrations.Migration):
    """Certificates that laboratories hand over on paper, how many there are, and tries of their mailboxes."""

    dependencies = [("screening", "0015_notices")]

    operations = [
        migrations.CreateModel(
            "Handover",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("ledger_key", models.BinaryField(unique=True)),
                ("month", models.DateField()),
                ("result_id", models.UUIDField()),
                ("version", models.IntegerField()),
                ("laboratory", models.CharField(max_length=9)),
                ("entity", models.CharField(max_length=9)),
                ("department", models.CharField(max_length=3)),
                ("positive", models.BooleanField()),
                ("sampled_at", models.DateTimeField()),
                ("kept_until", models.DateTimeField()),
                ("replaces", models.BooleanField(default=False)),
                ("scheme", models.CharField(default="", max_length=6)),
                ("address", models.TextField(default="")),
                ("message_id", models.UUIDField(null=True)),
                ("state", models.CharField(default="waiting", max_length=9)),
                ("marked_at", models.DateTimeField(null=True)),
                ("marked_by", models.UUIDField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_handover",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "given", "not-found", "withdrawn", "destroyed"])
                        ),
                        name="handover_state",
                    )
                ],
                "indexes": [
                    models.Index(fields=["laboratory", "sampled_at"], name="handover_of_site"),
                    models.Index(fields=["entity", "sampled_at"], name="handover_of_laboratory"),
                    models.Index(fields=["expires_on"], name="handover_by_expiry"),
                    models.Index(
                        condition=models.Q(("address", ""), ("state", "waiting")),
                        fields=["laboratory"],
                        name="handover_without_mailbox",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "Unreached",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "laboratory", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("laboratory", models.CharField(max_length=9)),
                ("day", models.DateField()),
                ("results", models.IntegerField()),
                ("positives", models.IntegerField()),
            ],
            {
                "db_table": "screening_unreached",
                "indexes": [models.Index(fields=["day"], name="unreached_by_day")],
            },
        ),
        migrations.CreateModel(
            "MailboxTrial",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("address", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.UUIDField(null=True)),
            ],
            {
                "db_table": "screening_mailbox_trial",
                "indexes": [
                    models.Index(fields=["laboratory", "-asked_at"], name="trial_of_mailbox"),
                    models.Index(fields=["asked_at"], name="trial_of_mailbox_by_time"),
                ],
            },
        ),
        migrations.RunSQL(protect_for("screening_handover", establishments=["laboratory", "entity"])),
    ]
