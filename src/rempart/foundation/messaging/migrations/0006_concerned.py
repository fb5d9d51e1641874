"""What a message concerns is found in any state: whether somebody was told of it yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_refusals")]

    operations = [
        migrations.RemoveIndex("message", "message_concerns"),
        migrations.AddIndex(
            "message",
            models.Index(fields=["concerns"], condition=~models.Q(concerns=b""), name="message_concerns"),
        ),
    ]
