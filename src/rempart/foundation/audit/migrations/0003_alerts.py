import rempart.foundation.database.keys
from django.db import migrations, models

from rempart.foundation.database.row_security import EVERYWHERE

_NATION = f"(SELECT current_setting('rempart.everything', true)) = '{EVERYWHERE}'"

# Forgotten once as old as the trail itself, and not before.
_PAST = {
    "audit_alert": "made_at < now() - interval '6 months'",
    "audit_watched": "until < now() - interval '6 months'",
    "audit_habit": "day < (now() - interval '6 months')::date",
}

SIGHT = "".join(
    f"""
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY sees ON {table} FOR SELECT USING ({_NATION});
    CREATE POLICY adds ON {table} FOR INSERT WITH CHECK ({_NATION});
    CREATE POLICY changes ON {table} FOR UPDATE USING ({_NATION}) WITH CHECK ({_NATION});
    CREATE POLICY forgets ON {table} FOR DELETE USING ({_NATION} AND {past});
    """
    for table, past in _PAST.items()
)


class Migration(migrations.Migration):
    """What detection compares with, whom it protects, and what it found: for whoever sees the nation."""

    dependencies = [("audit", "0002_sealed")]

    operations = [
        migrations.CreateModel(
            "Habit",
            [
                ("pk", models.CompositePrimaryKey("actor", "day", blank=True, editable=False, primary_key=True, serialize=False)),
                ("actor", models.CharField(max_length=80)),
                ("day", models.DateField()),
                ("role", models.CharField(max_length=24)),
                ("organisation", models.CharField(max_length=120)),
                ("persons", models.IntegerField()),
                ("hours", models.IntegerField()),
            ],
            {
                "db_table": "audit_habit",
                "indexes": [
                    models.Index(fields=["role", "organisation", "day"], name="audit_habit_of_team"),
                    models.Index(fields=["day"], name="audit_habit_of_day"),
                ],
            },
        ),
        migrations.CreateModel(
            "Watched",
            [
                ("id", models.UUIDField(default=rempart.foundation.database.keys.uuid7, editable=False, primary_key=True, serialize=False)),
                ("person_id", models.UUIDField()),
                ("kind", models.CharField(max_length=12)),
                ("organisation", models.CharField(blank=True, default="", max_length=120)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
            ],
            {
                "db_table": "audit_watched",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person_id", "kind", "organisation"),
                        condition=models.Q(("until__isnull", True)),
                        name="audit_watched_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "Alert",
            [
                ("id", models.UUIDField(default=rempart.foundation.database.keys.uuid7, editable=False, primary_key=True, serialize=False)),
                ("rule", models.CharField(max_length=20)),
                ("actor", models.CharField(max_length=80)),
                ("role", models.CharField(max_length=24)),
                ("organisation", models.CharField(max_length=120)),
                ("key", models.CharField(max_length=60)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("person_id", models.UUIDField(null=True)),
                ("figures", models.JSONField()),
                ("state", models.CharField(default="new", max_length=10)),
                ("reason", models.CharField(default="", max_length=2000)),
                ("handled_by", models.CharField(default="", max_length=80)),
                ("handled_at", models.DateTimeField(null=True)),
                ("version", models.IntegerField(default=1)),
            ],
            {
                "db_table": "audit_alert",
                "indexes": [models.Index(fields=["state", "-made_at", "-id"], name="audit_alert_by_state")],
                "constraints": [models.UniqueConstraint(fields=("rule", "actor", "key"), name="audit_alert_once")],
            },
        ),
        migrations.RunSQL(SIGHT),
    ]
