from django.db import migrations, models

from rempart.foundation.database.row_security import EVERYWHERE

# Requests are seen by whoever sees every person of the nation, and by the person, who may also ask.
SIGHT = f"""
    ALTER TABLE rights_request ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everything ON rights_request
        USING ((SELECT current_setting('rempart.nominative', true)) = '{EVERYWHERE}')
        WITH CHECK ((SELECT current_setting('rempart.nominative', true)) = '{EVERYWHERE}');
    CREATE POLICY own ON rights_request FOR SELECT USING (person_id = ANY (
        (SELECT string_to_array(nullif(current_setting('rempart.person', true), ''), ',')::uuid[])::uuid[]));
    CREATE POLICY asks ON rights_request FOR INSERT WITH CHECK (
        state IN ('received', 'answered') AND taken_by = '' AND person_id = ANY (
        (SELECT string_to_array(nullif(current_setting('rempart.person', true), ''), ',')::uuid[])::uuid[]));
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            "Request",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=12, unique=True)),
                ("person_id", models.UUIDField(db_index=True)),
                ("kind", models.CharField(max_length=16)),
                ("state", models.CharField(max_length=12)),
                ("channel", models.CharField(max_length=8)),
                ("made_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("extended", models.BooleanField(default=False)),
                ("taken_by", models.CharField(max_length=80, default="")),
                ("closed_at", models.DateTimeField(null=True)),
                ("reminded_on", models.DateField(null=True)),
                ("version", models.IntegerField(default=1)),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {
                "db_table": "rights_request",
                "indexes": [
                    models.Index(
                        fields=["due_on", "id"],
                        condition=models.Q(closed_at__isnull=True),
                        name="request_open_by_deadline",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            "Informed",
            [
                ("pk", models.CompositePrimaryKey("person_id", "version", blank=True, editable=False, primary_key=True, serialize=False)),
                ("person_id", models.UUIDField()),
                ("version", models.DateField()),
                ("shown_at", models.DateTimeField()),
                ("expires_on", models.DateField()),
            ],
            {"db_table": "rights_informed"},
        ),
        migrations.RunSQL(SIGHT),
    ]
