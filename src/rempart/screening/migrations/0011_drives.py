from django.db import migrations, models

from rempart.foundation.database.row_security import protect_for

BOTH = ["establishment", "laboratory"]


def of_a_drive() -> list[tuple[str, models.Field]]:
    """Whose a row is: the establishment that samples, the laboratory that analyses."""
    return [
        ("establishment", models.CharField(max_length=9)),
        ("laboratory", models.CharField(max_length=9)),
        ("department", models.CharField(max_length=3)),
    ]


class Migration(migrations.Migration):
    """Sampling drives: persons registered, tubes, batches, and registrations that persons left themselves."""

    dependencies = [("screening", "0010_uploads")]

    operations = [
        migrations.CreateModel(
            "Drive",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                *of_a_drive(),
                ("place", models.CharField(max_length=120)),
                ("held_on", models.DateField()),
                ("opened_by", models.UUIDField()),
                ("opened_at", models.DateTimeField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_drive",
                "indexes": [
                    models.Index(fields=["establishment", "-held_on"], name="drive_of_establishment"),
                    models.Index(fields=["expires_on"], name="drive_by_expiry"),
                ],
            },
        ),
        migrations.CreateModel(
            "Batch",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("drive_id", models.UUIDField(db_index=True)),
                *of_a_drive(),
                ("tubes", models.IntegerField()),
                ("sent_by", models.UUIDField()),
                ("sent_at", models.DateTimeField()),
                ("received_by", models.UUIDField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_batch",
                "indexes": [
                    models.Index(fields=["laboratory", "-sent_at"], name="batch_of_laboratory"),
                    models.Index(fields=["expires_on"], name="batch_by_expiry"),
                ],
            },
        ),
        migrations.CreateModel(
            "Specimen",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("drive_id", models.UUIDField()),
                *of_a_drive(),
                ("number", models.BinaryField(unique=True)),
                ("registered_by", models.UUIDField()),
                ("registered_at", models.DateTimeField()),
                ("notice_version", models.DateField()),
                ("notice_language", models.CharField(max_length=2)),
                ("notice_at", models.DateTimeField()),
                ("sampled_at", models.DateTimeField(null=True)),
                ("batch_id", models.UUIDField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                ("result_at", models.DateTimeField(null=True)),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_specimen",
                "indexes": [
                    models.Index(fields=["laboratory"], name="specimen_of_laboratory"),
                    models.Index(fields=["drive_id", "-registered_at"], name="specimen_of_drive"),
                    models.Index(
                        fields=["batch_id"],
                        condition=models.Q(batch_id__isnull=False),
                        name="specimen_of_batch",
                    ),
                    models.Index(fields=["expires_on"], name="specimen_by_expiry"),
                ],
            },
        ),
        migrations.CreateModel(
            "Preregistration",
            [
                ("code", models.BinaryField(primary_key=True, serialize=False)),
                ("department", models.CharField(max_length=3)),
                ("made_at", models.DateTimeField()),
                ("notice_version", models.DateField()),
                ("notice_language", models.CharField(max_length=2)),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_preregistration",
                "indexes": [models.Index(fields=["expires_on"], name="preregistration_by_expiry")],
            },
        ),
        *[
            migrations.RunSQL(protect_for(table, establishments=BOTH))
            for table in ("screening_drive", "screening_batch", "screening_specimen")
        ],
        migrations.RunSQL(protect_for("screening_preregistration")),
    ]
