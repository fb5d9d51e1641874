"""The outbox, and what it remembers of messages that are gone."""

from django.db import models

from rempart.foundation.messaging.letters import State


class Message(models.Model):
    """One thing said to one person. Recipients, texts and what goes with them are sealed, for each of its routes;
    `channel` is that of the route taken."""

    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()
    about = models.CharField(max_length=40, default="notice")
    concerns = models.BinaryField(default=b"")  # a digest of what it tells, or empty
    channels = models.CharField(max_length=60, default="")  # of all routes, in their order, with commas
    rank = models.SmallIntegerField(default=0)  # of the route taken, from 0
    channel = models.CharField(max_length=8)
    sealed = models.BinaryField()
    expires_on = models.DateField()
    zone = models.CharField(max_length=40, default="Europe/Paris")
    wakes = models.BooleanField(default=False)
    state = models.CharField(max_length=9, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)  # by the route taken
    wanted_at = models.DateTimeField()  # when it should have left
    due_at = models.DateTimeField()  # when it is tried next
    claimed_until = models.DateTimeField(null=True)  # a worker has it in its hands until then
    reference = models.CharField(max_length=160, default="")  # the carrier's own name for it
    reason = models.CharField(max_length=40, default="")  # why the last attempt or route came to nothing
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "messaging_message"
        indexes = [
            models.Index(
                fields=["channel", "wakes", "due_at", "id"],
                condition=models.Q(state="waiting"),
                name="message_due",
            ),
            models.Index(
                fields=["channel", "wanted_at"], condition=models.Q(state="waiting"), name="message_wanted"
            ),
            models.Index(
                fields=["channel", "reference"], condition=~models.Q(reference=""), name="message_reference"
            ),
            models.Index(
                fields=["concerns"],
                condition=~models.Q(concerns=b""),
                name="message_concerns",
            ),
            models.Index(
                fields=["about", "ended_at"],
                condition=models.Q(state__in=["failed", "dropped"]),
                name="message_failed",
            ),
            models.Index(fields=["-created_at"], name="message_newest"),
            models.Index(fields=["expires_on"], name="message_by_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[one.value for one in State]), name="message_state"
            )
        ]


class Mark(models.Model):
    """What was said once and is not said again: a digest that its sender chose."""

    mark = models.BinaryField(primary_key=True)
    expires_on = models.DateField()

    class Meta:
        db_table = "messaging_mark"
        indexes = [models.Index(fields=["expires_on"], name="mark_by_expiry")]


class Tally(models.Model):
    """How many messages one recipient got by a channel on one day: a keyed digest of all three."""

    digest = models.BinaryField(primary_key=True)
    number = models.IntegerField()
    expires_on = models.DateField()  # the day after

    class Meta:
        db_table = "messaging_tally"
        indexes = [models.Index(fields=["expires_on"], name="tally_by_expiry")]


class Refusal(models.Model):
    """Somebody wants no messages by a channel: a keyed digest of his number or address."""

    digest = models.BinaryField(primary_key=True)
    channel = models.CharField(max_length=8)
    how = models.CharField(max_length=8)
    since = models.DateTimeField()
    expires_on = models.DateField()  # a year after the last message that it stopped

    class Meta:
        db_table = "messaging_refusal"
        indexes = [models.Index(fields=["expires_on"], name="refusal_by_expiry")]
