import django.contrib.postgres.fields
from django.db import migrations, models

_HOURS = django.contrib.postgres.fields.ArrayField(models.IntegerField())

DAILY = """
    INSERT INTO screening_daily_intake
        (laboratory, day, accepted, held, rejected, last_at, to_validation, to_reception, in_all)
    SELECT d.laboratory, (d.received_at AT TIME ZONE 'Europe/Paris')::date,
           count(*) FILTER (WHERE m.outcome = 'accepted'), count(*) FILTER (WHERE m.outcome = 'held'),
           count(*) FILTER (WHERE m.outcome = 'rejected'), max(d.received_at),
           array_fill(0, ARRAY[49]), array_fill(0, ARRAY[49]), array_fill(0, ARRAY[49])
    FROM screening_message m JOIN screening_delivery d ON d.id = m.delivery_id
    WHERE d.laboratory <> '' GROUP BY 1, 2;
"""

REFUSED = """
    INSERT INTO screening_refused
        (id, month, delivery_id, position, laboratory, received_at, day, format, outcome, codes, state, closed_at,
         expires_on)
    SELECT gen_random_uuid(), m.month, m.delivery_id, m.position, d.laboratory, d.received_at,
           (d.received_at AT TIME ZONE 'Europe/Paris')::date, m.format, m.outcome,
           ARRAY(SELECT DISTINCT f ->> 0 FROM jsonb_array_elements(coalesce(m.findings, '[]'::jsonb)) f
                 WHERE f ->> 1 = CASE m.outcome WHEN 'rejected' THEN 'error' ELSE 'warning' END),
           CASE WHEN l.key IS NULL THEN 'replaced' ELSE 'open' END,
           CASE WHEN l.key IS NULL THEN d.received_at END, m.expires_on
    FROM screening_message m
    JOIN screening_delivery d ON d.id = m.delivery_id
    LEFT JOIN screening_message_ledger l
        ON (l.key, l.delivery_id, l.position) = (m.ledger_key, m.delivery_id, m.position)
    WHERE m.outcome <> 'accepted' AND d.laboratory <> '' AND m.expires_on IS NOT NULL;
"""
"""What came before this version, by the laboratories whose keys brought it; in Paris time, overseas too."""


class Migration(migrations.Migration):
    """The laboratory's desk: daily counts, what is to correct, who fell silent."""

    dependencies = [("screening", "0008_transcoding")]

    operations = [
        migrations.CreateModel(
            "DailyIntake",
            [
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "laboratory", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("laboratory", models.CharField(max_length=9)),
                ("day", models.DateField()),
                ("accepted", models.IntegerField()),
                ("held", models.IntegerField()),
                ("rejected", models.IntegerField()),
                ("last_at", models.DateTimeField()),
                ("to_validation", _HOURS.clone()),
                ("to_reception", _HOURS.clone()),
                ("in_all", _HOURS.clone()),
            ],
            {
                "db_table": "screening_daily_intake",
                "indexes": [models.Index(fields=["day"], name="daily_intake_by_day")],
            },
        ),
        migrations.CreateModel(
            "RefusedMessage",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("month", models.DateField()),
                ("delivery_id", models.UUIDField()),
                ("position", models.IntegerField()),
                ("laboratory", models.CharField(max_length=9)),
                ("received_at", models.DateTimeField()),
                ("day", models.DateField()),
                ("format", models.CharField(max_length=16)),
                ("outcome", models.CharField(max_length=8)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(models.CharField(max_length=8)),
                ),
                ("state", models.CharField(default="open", max_length=8)),
                ("closed_at", models.DateTimeField(null=True)),
                ("again_at", models.DateTimeField(null=True)),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "screening_refused",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["delivery_id", "position"], name="refused_once_a_message"
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["laboratory", "-received_at"],
                        condition=models.Q(state="open"),
                        name="refused_to_correct",
                    ),
                    models.Index(fields=["laboratory", "day"], name="refused_of_a_day"),
                    models.Index(
                        fields=["again_at"],
                        condition=models.Q(again_at__isnull=False),
                        name="refused_to_judge_again",
                    ),
                    models.Index(fields=["expires_on"], name="refused_by_expiry"),
                ],
            },
        ),
        migrations.CreateModel(
            "Silence",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("laboratory", models.CharField(max_length=9)),
                ("last_at", models.DateTimeField()),
                ("noticed_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            {
                "db_table": "screening_silence",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["laboratory"],
                        condition=models.Q(ended_at__isnull=True),
                        name="one_silence_a_laboratory",
                    )
                ],
                "indexes": [models.Index(fields=["noticed_at"], name="silence_by_time")],
            },
        ),
        migrations.RunSQL(DAILY),
        migrations.RunSQL(REFUSED),
    ]
