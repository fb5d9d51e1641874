from django.db import migrations, models


class Migration(migrations.Migration):
    """The transcoding table of laboratories, and what nothing translates yet."""

    dependencies = [("screening", "0007_entries")]

    operations = [
        migrations.CreateModel(
            "TranscodingLine",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("kind", models.CharField(max_length=8)),
                ("source", models.CharField(max_length=100)),
                ("target", models.CharField(max_length=10)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("version", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.UUIDField(null=True)),
            ],
            {
                "db_table": "screening_transcoding",
                "indexes": [
                    models.Index(fields=["laboratory", "kind", "source"], name="transcoding_of_laboratory"),
                    models.Index(fields=["version"], name="transcoding_by_version"),
                ],
            },
        ),
        migrations.CreateModel(
            "Unknown",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("kind", models.CharField(max_length=8)),
                ("digest", models.BinaryField()),
                ("sealed", models.BinaryField()),
                ("labelled", models.BooleanField()),
                ("messages", models.IntegerField()),
                ("dismissed", models.BooleanField(default=False)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_unknown",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["laboratory", "kind", "digest"], name="one_unknown_a_text"
                    )
                ],
                "indexes": [models.Index(fields=["expires_on"], name="unknown_by_expiry")],
            },
        ),
    ]
