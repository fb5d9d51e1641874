"""What is kept of notices: the texts that were published, and whom a laboratory is to telephone."""

from django.db import models


class Wording(models.Model):
    """A text that somebody published: it holds from `starts_at` on, until the next one of its kind and channel does.
    It is never changed nor deleted: it says what people were told."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=8)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    starts_at = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.UUIDField()

    class Meta:
        db_table = "screening_wording"
        indexes = [models.Index(fields=["kind", "channel", "-starts_at"], name="wording_in_force")]


class Call(models.Model):
    """A person whom nobody told of a positive result but the laboratory's telephone, or who could not be reached.
    Under row security."""

    id = models.UUIDField(primary_key=True)
    laboratory = models.CharField(max_length=9)
    department = models.CharField(max_length=3)
    ledger_key = models.BinaryField(unique=True)  # of the result, whatever its version
    month = models.DateField()
    result_id = models.UUIDField()
    person_id = models.UUIDField()
    identity_id = models.UUIDField()
    why = models.CharField(max_length=8)  # calls.Why
    state = models.CharField(max_length=9)  # calls.State
    tries = models.SmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)
    expires_on = models.DateField()  # of the result

    class Meta:
        db_table = "screening_call"
        indexes = [
            models.Index(fields=["laboratory", "state", "opened_at"], name="call_of_laboratory"),
            models.Index(fields=["expires_on"], name="call_by_expiry"),
        ]
