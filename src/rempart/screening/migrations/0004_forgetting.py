from django.db import migrations, models

from rempart.foundation.database.row_security import droppable_months

RESULT = "CREATE INDEX result_by_expiry ON screening_result (expires_on);"

MESSAGE = """
    ALTER TABLE screening_message ADD COLUMN ledger_key bytea;
    UPDATE screening_message m SET ledger_key = l.key FROM screening_message_ledger l
    WHERE m.sealed IS NOT NULL AND (m.month, m.delivery_id, m.position) = (l.month, l.delivery_id, l.position);
    CREATE INDEX refused_message_by_expiry ON screening_message (expires_on) WHERE expires_on IS NOT NULL;
"""


class Migration(migrations.Migration):
    """What forgetting asks of these tables."""

    dependencies = [("screening", "0003_several_persons")]

    operations = [
        migrations.RunSQL(RESULT),
        migrations.RunSQL(MESSAGE),
        migrations.RunSQL(droppable_months("screening_result")),
        migrations.RunSQL(droppable_months("screening_message")),
        migrations.AddIndex("access", models.Index(fields=["expires_on"], name="access_by_expiry")),
        migrations.CreateModel(
            "ObjectedFact",
            [("fact_id", models.BinaryField(primary_key=True, serialize=False))],
            {"db_table": "screening_objected_fact"},
        ),
    ]
