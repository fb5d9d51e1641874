"""What is kept of work by hand, for some days: the result itself has gone the road of every other."""

from django.db import models


class Entry(models.Model):
    """One result that a professional entered, as long as it may be corrected; its content is sealed.

    Under row security: whoever entered it, and those of the same establishment.
    """

    id = models.UUIDField(primary_key=True)  # the token of the form
    agent_id = models.UUIDField()
    establishment = models.CharField(max_length=9)  # of the account; empty for a practice without FINESS
    department = models.CharField(max_length=3)
    entered_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10)
    version = models.IntegerField(default=1)
    findings = models.JSONField(default=list)  # codes and places, as a message's
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_entry"
        indexes = [
            models.Index(fields=["establishment", "-entered_at"], name="entry_of_establishment"),
            models.Index(fields=["agent_id", "-entered_at"], name="entry_of_agent"),
            models.Index(fields=["expires_on"], name="entry_by_expiry"),
        ]
