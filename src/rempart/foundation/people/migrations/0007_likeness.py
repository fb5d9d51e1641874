import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from rempart.foundation.database.row_security import protect_both


class Migration(migrations.Migration):
    """Identities that may be of one person, and what somebody decided of them."""

    dependencies = [("people", "0006_ins_requests")]

    operations = [
        migrations.CreateModel(
            name="Blocking",
            fields=[
                ("identity_id", models.UUIDField(primary_key=True, serialize=False)),
                ("digests", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("made_on", models.DateField()),
            ],
            options={
                "db_table": "people_blocking",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["digests"], name="blocking_by_digest")
                ],
            },
        ),
        migrations.CreateModel(
            name="Seeking",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("after", models.UUIDField()),
            ],
            options={"db_table": "people_seeking"},
        ),
        migrations.CreateModel(
            name="LikelyPair",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("one_id", models.UUIDField()),
                ("other_id", models.UUIDField()),
                ("department", models.CharField(max_length=3)),
                ("other_department", models.CharField(max_length=3)),
                ("score", models.FloatField()),
                ("grade", models.CharField(max_length=8)),
                ("found_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("unsure", "Unsure"),
                            ("same", "Same"),
                            ("different", "Different"),
                        ],
                        max_length=9,
                    ),
                ),
                ("decided_by", models.CharField(default="", max_length=64)),
                ("decided_at", models.DateTimeField(null=True)),
                ("join_id", models.UUIDField(null=True)),
                ("version", models.IntegerField(default=1)),
            ],
            options={
                "db_table": "people_likely_pair",
                "indexes": [
                    models.Index(fields=["other_id"], name="likely_pair_of_other"),
                    models.Index(fields=["state", "-score", "id"], name="likely_pair_to_review"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("one_id", "other_id"), name="likely_pair_once")
                ],
            },
        ),
        migrations.RunSQL(protect_both("people_likely_pair", "other_department")),
        migrations.CreateModel(
            name="Join",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("kept_id", models.UUIDField(db_index=True)),
                ("gone_id", models.UUIDField()),
                ("gone_created_at", models.DateTimeField()),
                ("identities", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                (
                    "certainties",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=12), size=None),
                ),
                ("followed", models.JSONField(default=dict)),
                ("made_by", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                ("undone_by", models.CharField(default="", max_length=64)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "people_join"},
        ),
    ]
