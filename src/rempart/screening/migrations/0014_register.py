from django.db import migrations, models


class Migration(migrations.Migration):
    """The register of laboratories, what they ask for, and what those in test send."""

    dependencies = [("screening", "0013_documents")]

    operations = [
        migrations.CreateModel(
            "Registered",
            [
                ("finess", models.CharField(max_length=9, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("department", models.CharField(max_length=3)),
                ("kind", models.CharField(max_length=10)),
                ("software", models.CharField(blank=True, default="", max_length=80)),
                ("vendor", models.CharField(blank=True, default="", max_length=80)),
                ("result_server", models.CharField(blank=True, default="", max_length=80)),
                ("contact_name", models.CharField(blank=True, default="", max_length=80)),
                ("contact_phone", models.CharField(blank=True, default="", max_length=20)),
                ("contact_email", models.CharField(blank=True, default="", max_length=254)),
                ("state", models.CharField(max_length=10)),
                ("planned_on", models.DateField(blank=True, null=True)),
                ("blocked_by", models.CharField(blank=True, default="", max_length=300)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.UUIDField(null=True)),
                ("version", models.IntegerField(default=1)),
            ],
            {
                "db_table": "screening_register",
                "indexes": [models.Index(fields=["department", "state"], name="register_by_department")],
            },
        ),
        migrations.CreateModel(
            "Request",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("finess", models.CharField(max_length=9)),
                ("department", models.CharField(max_length=3)),
                ("text", models.CharField(max_length=500)),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.UUIDField(null=True)),
                ("answer", models.CharField(default="", max_length=500)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.UUIDField(null=True)),
            ],
            {
                "db_table": "screening_register_request",
                "indexes": [
                    models.Index(fields=["finess", "-opened_at"], name="request_of_laboratory"),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["department", "opened_at"],
                        name="request_that_waits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            "Trial",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "finess", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("finess", models.CharField(max_length=9)),
                ("day", models.DateField()),
                ("accepted", models.IntegerField(default=0)),
                ("held", models.IntegerField(default=0)),
                ("rejected", models.IntegerField(default=0)),
                ("codes", models.JSONField(default=dict)),
                ("last_at", models.DateTimeField()),
            ],
            {"db_table": "screening_trial"},
        ),
    ]
