"""What persons ask of their rights, and of what they were informed."""

from django.db import models


class Request(models.Model):
    """One thing a person asks, and its answer: what is said is sealed. Under row security: whoever handles
    requests sees them all, a person her own."""

    id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=12, unique=True)  # what the person quotes; random
    person_id = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=12)
    channel = models.CharField(max_length=8)
    made_at = models.DateTimeField()
    due_on = models.DateField()
    extended = models.BooleanField(default=False)
    taken_by = models.CharField(max_length=80, default="")
    closed_at = models.DateTimeField(null=True)
    reminded_on = models.DateField(null=True)
    version = models.IntegerField(default=1)
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "rights_request"
        indexes = [
            models.Index(
                fields=["due_on", "id"],
                condition=models.Q(closed_at__isnull=True),
                name="request_open_by_deadline",
            )
        ]


class Informed(models.Model):
    """Which version of the information notice a person was shown, and when first."""

    pk = models.CompositePrimaryKey("person_id", "version")
    person_id = models.UUIDField()
    version = models.DateField()
    shown_at = models.DateTimeField()
    expires_on = models.DateField()

    class Meta:
        db_table = "rights_informed"
