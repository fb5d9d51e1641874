from django.db import migrations, models

from rempart.foundation.database.row_security import EVERYWHERE

# A hold is seen by whoever sees every person of the nation.
SIGHT = f"""
    ALTER TABLE retention_hold ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everything ON retention_hold
        USING ((SELECT current_setting('rempart.nominative', true)) = '{EVERYWHERE}')
        WITH CHECK ((SELECT current_setting('rempart.nominative', true)) = '{EVERYWHERE}');
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            "Run",
            [
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("step", models.CharField(max_length=40)),
            ],
            {"db_table": "retention_run"},
        ),
        migrations.CreateModel(
            "Destroyed",
            [
                ("pk", models.CompositePrimaryKey("day", "what", blank=True, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("what", models.CharField(max_length=60)),
                ("number", models.BigIntegerField()),
            ],
            {"db_table": "retention_destroyed"},
        ),
        migrations.CreateModel(
            "DestroyedKey",
            [
                ("pk", models.CompositePrimaryKey("name", "day", blank=True, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("day", models.DateField()),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
            {"db_table": "retention_destroyed_key"},
        ),
        migrations.CreateModel(
            "Mark",
            [
                ("what", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("upto", models.DateField()),
            ],
            {"db_table": "retention_mark"},
        ),
        migrations.CreateModel(
            "Hold",
            [
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("person_id", models.UUIDField(db_index=True)),
                ("until", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=80)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.CharField(max_length=80, default="")),
                ("sealed", models.BinaryField()),
                ("expires_on", models.DateField()),
            ],
            {"db_table": "retention_hold"},
        ),
        migrations.CreateModel(
            "Proof",
            [
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("statement", models.BinaryField()),
                ("signature", models.BinaryField()),
                ("certificate", models.BinaryField()),
            ],
            {"db_table": "retention_proof"},
        ),
        migrations.RunSQL(SIGHT),
    ]
