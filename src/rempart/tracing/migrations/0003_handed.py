from django.db import migrations, models

from rempart.foundation.database.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("tracing", "0002_protect")]

    operations = [
        migrations.AddField("case", "handed_to", models.UUIDField(null=True)),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["handed_to", "-received_at", "-id"],
                condition=models.Q(handed_to__isnull=False),
                name="case_handed",
            ),
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["department", "state", "-received_at", "-id"],
                include=["person_id", "handed_to"],
                name="case_in_state",
            ),
        ),
        migrations.RemoveIndex("case", "case_by_state"),
        migrations.RemoveIndex("case", "case_newest"),
        migrations.RunSQL(protect("tracing_case", own=("person", "person_id"), handed="handed_to")),
    ]
