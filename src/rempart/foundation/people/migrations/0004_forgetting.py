from django.db import migrations, models


class Migration(migrations.Migration):
    """What forgetting asks of these tables. Matching keys of the version before count as made today: they go with
    the person, or with the index key of today's period at the latest."""

    dependencies = [("people", "0003_several_identities")]

    operations = [
        migrations.AddIndex("identity", models.Index(fields=["expires_on"], name="identity_by_expiry")),
        migrations.RunSQL(
            """
            ALTER TABLE people_matching_key ADD COLUMN made_on date NOT NULL DEFAULT CURRENT_DATE;
            ALTER TABLE people_matching_key ALTER COLUMN made_on DROP DEFAULT;
            """,
            state_operations=[migrations.AddField("matchingkey", "made_on", models.DateField())],
        ),
        migrations.CreateModel(
            "Objection",
            [
                ("person_id", models.UUIDField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
            ],
            {"db_table": "people_objection"},
        ),
    ]
