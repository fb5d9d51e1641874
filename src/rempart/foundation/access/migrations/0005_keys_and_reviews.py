import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import rempart.foundation.access.models
import rempart.foundation.database.keys


def key():
    return models.UUIDField(
        default=rempart.foundation.database.keys.uuid7, editable=False, primary_key=True, serialize=False
    )


def for_key(name, of):
    return migrations.AddField("machinekey", name, of)


class Migration(migrations.Migration):
    """Machine keys with rights, rotation and revocation; client certificates; enrolments; access reviews. Keys
    that exist may deliver, as before."""

    dependencies = [("access", "0004_accounts")]

    operations = [
        for_key("name", models.CharField(blank=True, default="", max_length=80)),
        for_key(
            "rights",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                default=rempart.foundation.access.models._what_machines_do,
                size=None,
            ),
        ),
        for_key("created_by", models.UUIDField(null=True)),
        for_key("revoked_at", models.DateTimeField(null=True)),
        for_key(
            "replaces",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="access.machinekey"),
        ),
        for_key("last_used_on", models.DateField(null=True)),
        migrations.AddIndex(
            "machinekey",
            models.Index(fields=["laboratory", "-created_at"], name="machine_key_of_laboratory"),
        ),
        migrations.CreateModel(
            "ClientCertificate",
            [
                ("id", key()),
                ("fingerprint", models.BinaryField(unique=True)),
                ("laboratory", models.CharField(max_length=9)),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.UUIDField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_on", models.DateField(null=True)),
            ],
            options={
                "db_table": "access_client_certificate",
                "indexes": [
                    models.Index(fields=["laboratory", "-created_at"], name="certificate_of_laboratory")
                ],
            },
        ),
        migrations.CreateModel(
            "Enrolment",
            [
                ("id", key()),
                ("establishment", models.CharField(max_length=9)),
                ("name", models.CharField(max_length=120)),
                ("email", models.EmailField(max_length=254)),
                ("conditions", models.CharField(max_length=12)),
                ("asked_at", models.DateTimeField()),
                ("email_confirmed_at", models.DateTimeField(null=True)),
                ("code", models.BinaryField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("letters", models.PositiveSmallIntegerField(default=1)),
                ("expires_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("unblocked_by", models.UUIDField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "access_enrolment",
                "constraints": [
                    models.UniqueConstraint(fields=["establishment", "email"], name="one_enrolment_an_address")
                ],
            },
        ),
        migrations.CreateModel(
            "Review",
            [
                ("id", key()),
                ("region", models.CharField(blank=True, max_length=3)),
                ("quarter", models.CharField(max_length=6)),
                ("begun_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(null=True)),
                ("signed_by", models.UUIDField(null=True)),
                ("statement", models.BinaryField(null=True)),
                ("signature", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "access_review",
                "constraints": [
                    models.UniqueConstraint(fields=["region", "quarter"], name="one_review_a_quarter")
                ],
            },
        ),
        migrations.CreateModel(
            "Decision",
            [
                ("id", key()),
                (
                    "review",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="access.review"),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("decision", models.CharField(max_length=8)),
                ("decided_at", models.DateTimeField()),
                ("decided_by", models.UUIDField()),
            ],
            options={
                "db_table": "access_review_decision",
                "constraints": [
                    models.UniqueConstraint(fields=["review", "agent"], name="one_decision_an_account")
                ],
            },
        ),
    ]
