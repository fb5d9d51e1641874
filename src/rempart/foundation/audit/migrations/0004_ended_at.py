from django.db import migrations, models


class Migration(migrations.Migration):
    """Retention goes by the instants of a row, whose names end in _at."""

    dependencies = [("audit", "0003_alerts")]

    operations = [
        migrations.RemoveConstraint("watched", "audit_watched_once"),
        migrations.RenameField("watched", "until", "ended_at"),
        migrations.AddConstraint(
            "watched",
            models.UniqueConstraint(
                fields=("person_id", "kind", "organisation"),
                condition=models.Q(("ended_at__isnull", True)),
                name="audit_watched_once",
            ),
        ),
    ]
