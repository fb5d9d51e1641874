"""What is kept for the laboratory's desk: counts, and the list of what is to correct. Nothing of a person."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RefusedMessage(models.Model):
    """A message that was held or rejected, as long as it is kept (screening_message has its bytes, sealed)."""

    id = models.UUIDField(primary_key=True)
    month = models.DateField()
    delivery_id = models.UUIDField()
    position = models.IntegerField()
    laboratory = models.CharField(max_length=9)
    received_at = models.DateTimeField()
    day = models.DateField()  # civil, of the laboratory
    format = models.CharField(max_length=16)
    outcome = models.CharField(max_length=8)
    codes = ArrayField(models.CharField(max_length=8))  # of the findings that keep it back
    state = models.CharField(max_length=8, default="open")  # rules.State
    closed_at = models.DateTimeField(null=True)
    again_at = models.DateTimeField(null=True)  # since when it waits to be judged again
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_refused"
        constraints = [
            models.UniqueConstraint(fields=["delivery_id", "position"], name="refused_once_a_message")
        ]
        indexes = [
            models.Index(
                fields=["laboratory", "-received_at"],
                condition=models.Q(state="open"),
                name="refused_to_correct",
            ),
            models.Index(fields=["laboratory", "day"], name="refused_of_a_day"),
            models.Index(
                fields=["again_at"], condition=models.Q(again_at__isnull=False), name="refused_to_judge_again"
            ),
            models.Index(fields=["expires_on"], name="refused_by_expiry"),
        ]


class DailyIntake(models.Model):
    """What a laboratory brought on one civil day of its own, and how long its results were under way.

    Each array counts results by whole hours, the last place those of rules.MOST_HOURS and more.
    """

    pk = models.CompositePrimaryKey("laboratory", "day")
    laboratory = models.CharField(max_length=9)
    day = models.DateField()
    accepted = models.IntegerField()
    held = models.IntegerField()
    rejected = models.IntegerField()
    last_at = models.DateTimeField()
    to_validation = ArrayField(models.IntegerField())  # from sampling
    to_reception = ArrayField(models.IntegerField())  # from validation
    in_all = ArrayField(models.IntegerField())  # from sampling to reception

    class Meta:
        db_table = "screening_daily_intake"
        indexes = [models.Index(fields=["day"], name="daily_intake_by_day")]


class Silence(models.Model):
    """A laboratory that usually sends daily and stopped."""

    id = models.UUIDField(primary_key=True)
    laboratory = models.CharField(max_length=9)
    last_at = models.DateTimeField()  # its last message before
    noticed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "screening_silence"
        constraints = [
            models.UniqueConstraint(
                fields=["laboratory"],
                condition=models.Q(ended_at__isnull=True),
                name="one_silence_a_laboratory",
            )
        ]
        indexes = [models.Index(fields=["noticed_at"], name="silence_by_time")]
