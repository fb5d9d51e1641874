"""What is kept of certificates that a laboratory hands over on paper. No name stands here: it is read from the result."""

from django.db import models

from rempart.screening.handover.rules.states import State


class Handover(models.Model):
    """One certificate to hand over, by its result; under row security of the site and of its juridical entity.

    `address`: the mailbox to which its message goes, empty while there is none; `scheme` likewise, and empty again once
    that mailbox did not take it. `version`: of the result that
    the last message, or the last print, was about.
    """

    id = models.UUIDField(primary_key=True)
    ledger_key = models.BinaryField(unique=True)  # of the result through its versions
    month = models.DateField()
    result_id = models.UUIDField()
    version = models.IntegerField()
    laboratory = models.CharField(max_length=9)  # FINESS of the site
    entity = models.CharField(max_length=9)  # juridical FINESS; empty: unknown
    department = models.CharField(max_length=3)  # of the result
    positive = models.BooleanField()
    sampled_at = models.DateTimeField()
    kept_until = models.DateTimeField()
    replaces = models.BooleanField(default=False)  # an earlier certificate of the same test
    scheme = models.CharField(max_length=6, default="")
    address = models.TextField(default="")
    message_id = models.UUIDField(null=True)  # in the outbox, the last one
    state = models.CharField(max_length=9, default=State.WAITING)
    marked_at = models.DateTimeField(null=True)
    marked_by = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_handover"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[one.value for one in State]), name="handover_state"
            )
        ]
        indexes = [
            models.Index(fields=["laboratory", "sampled_at"], name="handover_of_site"),
            models.Index(fields=["entity", "sampled_at"], name="handover_of_laboratory"),
            models.Index(fields=["expires_on"], name="handover_by_expiry"),
            models.Index(
                fields=["laboratory"],
                condition=models.Q(state="waiting", address=""),
                name="handover_without_mailbox",
            ),
        ]


class Unreached(models.Model):
    """How many results of patients without mobile phone and e-mail a site brought on one civil day of its own."""

    pk = models.CompositePrimaryKey("laboratory", "day")
    laboratory = models.CharField(max_length=9)
    day = models.DateField()
    results = models.IntegerField()
    positives = models.IntegerField()

    class Meta:
        db_table = "screening_unreached"
        indexes = [models.Index(fields=["day"], name="unreached_by_day")]


class MailboxTrial(models.Model):
    """A test message that somebody had sent to the mailbox of a site."""

    id = models.UUIDField(primary_key=True)  # of its message in the outbox
    laboratory = models.CharField(max_length=9)  # FINESS of the site
    address = models.TextField()
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)

    class Meta:
        db_table = "screening_mailbox_trial"
        indexes = [
            models.Index(fields=["laboratory", "-asked_at"], name="trial_of_mailbox"),
            models.Index(fields=["asked_at"], name="trial_of_mailbox_by_time"),
        ]
