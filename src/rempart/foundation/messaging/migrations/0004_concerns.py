"""Messages say what they concern, so that what is true no more is withdrawn, and what arrived nowhere is found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_routes")]

    operations = [
        migrations.AddField("message", "concerns", models.BinaryField(default=b"")),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["concerns"],
                condition=models.Q(state="waiting") & ~models.Q(concerns=b""),
                name="message_concerns",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["about", "ended_at"], condition=models.Q(state="failed"), name="message_failed"
            ),
        ),
    ]
