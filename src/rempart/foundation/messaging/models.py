"""The outbox."""

from django.db import models


class Message(models.Model):
    """One SMS or e-mail; recipient and text are sealed."""

    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    channel = models.CharField(max_length=8)
    sealed = models.BinaryField()
    expires_on = models.DateField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_message"
        indexes = [
            models.Index(fields=["id"], condition=models.Q(sent_at__isnull=True), name="message_to_send"),
            models.Index(fields=["-created_at"], name="message_newest"),
            models.Index(fields=["expires_on"], name="message_by_expiry"),
        ]
