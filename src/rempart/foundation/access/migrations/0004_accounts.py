from django.db import migrations, models


def field(name, of):
    return migrations.AddField("agent", name, of)


class Migration(migrations.Migration):
    """The life of accounts. Those that exist were opened by nobody known, and are awake since today."""

    dependencies = [("access", "0003_allowance"), ("access", "0003_glass")]

    operations = [
        field("region", models.CharField(blank=True, default="", max_length=3)),
        field("opened_at", models.DateTimeField(null=True)),
        field("opened_by", models.UUIDField(null=True)),
        field("awake_at", models.DateTimeField(null=True)),
        field("ends_on", models.DateField(null=True)),
        field("closed", models.CharField(blank=True, default="", max_length=16)),
        field("closed_at", models.DateTimeField(null=True)),
        field("warned_at", models.DateTimeField(null=True)),
        field("trainings", models.JSONField(default=dict)),
        field("conditions", models.CharField(blank=True, default="", max_length=12)),
        field("conditions_at", models.DateTimeField(null=True)),
        field("version", models.PositiveIntegerField(default=0)),
        migrations.RunSQL(
            "UPDATE access_agent SET awake_at = now(), closed = CASE WHEN is_active THEN '' ELSE 'administrator' END",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex("agent", models.Index(fields=["name", "id"], name="agent_by_name")),
        migrations.AddConstraint(
            "agent",
            models.UniqueConstraint(
                condition=models.Q(("is_active", True), models.Q(("region", ""), _negated=True)),
                fields=("region",),
                name="one_administrator_a_region",
            ),
        ),
    ]
