"""What is kept of the transcoding of laboratories."""

from django.db import models


class TranscodingLine(models.Model):
    """One line of a laboratory's table. It is ended, never deleted: it says how what came then was read.

    `version` grows with every change of any line, in the order of their commits (services hold a lock for that): a
    process asks for what is newer than what it has.
    """

    id = models.UUIDField(primary_key=True)
    laboratory = models.CharField(max_length=9)
    kind = models.CharField(max_length=8)  # rules.Kind
    source = models.CharField(max_length=100)  # as rules.written
    target = models.CharField(max_length=10)
    since = models.DateField()  # civil days of the laboratory
    until = models.DateField(null=True)  # the first day on which it does not hold any more
    version = models.BigIntegerField()
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.UUIDField(null=True)

    class Meta:
        db_table = "screening_transcoding"
        indexes = [
            models.Index(fields=["laboratory", "kind", "source"], name="transcoding_of_laboratory"),
            models.Index(fields=["version"], name="transcoding_by_version"),
        ]


class Unknown(models.Model):
    """A code or words that nothing translates, met in refused messages of a laboratory, and how often.

    What stands where a code is expected may be a name that damage put there: it is sealed, and found again by a
    keyed digest.
    """

    id = models.UUIDField(primary_key=True)
    laboratory = models.CharField(max_length=9)
    kind = models.CharField(max_length=8)
    digest = models.BinaryField()
    sealed = models.BinaryField()  # the text, and the label beside it
    labelled = models.BooleanField()  # the label speaks of the pathogen
    messages = models.IntegerField()
    dismissed = models.BooleanField(default=False)  # somebody said that it is not for the platform
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    expires_on = models.DateField()

    class Meta:
        db_table = "screening_unknown"
        constraints = [
            models.UniqueConstraint(fields=["laboratory", "kind", "digest"], name="one_unknown_a_text")
        ]
        indexes = [models.Index(fields=["expires_on"], name="unknown_by_expiry")]
