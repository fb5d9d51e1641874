"""What is kept of declaration codes: a keyed digest each, and how many were issued in a day. No person, no test, no hour."""

from django.db import models

from rempart.proximity.codes.rules import State


class DeclarationCode(models.Model):
    """One code. Its digest is keyed, its days are civil days, and `mixed` rows say nothing of the order they came in."""

    digest = models.BinaryField(primary_key=True)
    last_day = models.DateField()  # on which it may be used
    state = models.CharField(max_length=6, default=State.ISSUED)
    mixed = models.BooleanField(default=False)
    expires_on = models.DateField()  # last day on which the row is kept

    class Meta:
        db_table = "proximity_code"
        indexes = [
            models.Index(fields=["expires_on"], name="code_by_expiry"),
            models.Index(fields=["expires_on"], condition=models.Q(mixed=False), name="code_to_mix"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[one.value for one in State]), name="code_state"
            )
        ]


class DailyCodes(models.Model):
    """How many codes were issued in one civil day, for the whole country."""

    day = models.DateField(primary_key=True)
    issued = models.IntegerField()

    class Meta:
        db_table = "proximity_daily"
