"""Whom no message told is found also where the recipient wants none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_defaults")]

    operations = [
        migrations.RemoveIndex("message", "message_failed"),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["about", "ended_at"],
                condition=models.Q(state__in=["failed", "dropped"]),
                name="message_failed",
            ),
        ),
    ]
