"""What is kept of files on their way: who hands what to whom, its sealed chunks, and who fetched it when."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Handover(models.Model):
    """One file for one or several accounts; its name and its message are sealed with it.

    `upload` names the attempt to bring the file that counts; `salt` is written when that is whole, and nothing
    of the file opens without it.
    """

    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    sender = models.UUIDField()
    recipients = ArrayField(models.UUIDField())
    motive = models.CharField(max_length=12)
    downloads = models.IntegerField()  # how often each recipient may fetch it
    expires_on = models.DateField()
    state = models.CharField(max_length=10)
    message = models.BinaryField(null=True)
    upload = models.UUIDField(null=True)
    name = models.BinaryField(null=True)
    kind = models.CharField(max_length=80, default="")
    size = models.BigIntegerField(null=True)
    chunks = models.IntegerField(null=True)
    salt = models.BinaryField(null=True)
    ready_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "exchange_handover"
        indexes = [
            models.Index(fields=["sender", "-created_at"], name="handover_sent"),
            GinIndex(fields=["recipients"], name="handover_received"),
            models.Index(fields=["state", "expires_on"], name="handover_to_end"),
        ]


class Chunk(models.Model):
    """A sealed piece of a file. It carries whose it is, as row security compares columns of the row only."""

    pk = models.CompositePrimaryKey("handover_id", "upload", "number")
    handover_id = models.UUIDField()
    upload = models.UUIDField()
    number = models.IntegerField()
    sender = models.UUIDField()
    recipients = ArrayField(models.UUIDField())
    sealed = models.BinaryField()

    class Meta:
        db_table = "exchange_chunk"


class Fetch(models.Model):
    """A recipient fetched a file."""

    id = models.UUIDField(primary_key=True)
    handover_id = models.UUIDField(db_index=True)
    sender = models.UUIDField()
    recipient = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "exchange_fetch"
