"""The audit trail and its seals: the application may add to them and read them, and nothing else."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from rempart.foundation.database.keys import uuid7


class Entry(models.Model):
    """One act. Partitioned by the month in which the database wrote it; (xid, id) is the order of sealing.

    `id`, `month` and `xid` are the database's own: the application may not say them. Written by
    trail.record, read under row security: everything by whoever sees the nation, one's own by a person.
    """

    pk = models.CompositePrimaryKey("id", "month")
    id = models.BigIntegerField()
    month = models.DateField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    role = models.CharField(max_length=24)
    organisation = models.CharField(max_length=120)
    purpose = models.CharField(max_length=20)
    act = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    person_id = models.UUIDField(null=True)
    fields = ArrayField(models.CharField(max_length=20))
    origin = models.CharField(max_length=45)
    details = models.JSONField()

    class Meta:
        managed = False
        db_table = "audit_entry"


class Block(models.Model):
    """Entries sealed together, chained to the block before.

    `leaves`: 40 bytes for each entry (its id, its digest), dropped with the entries' month; `digest` covers
    `number`, `month`, `count`, the digest of the leaves, the digest before and `sealed_at`. `last_xid` and
    `last_id` say how far the sealer had come.
    """

    number = models.BigIntegerField(primary_key=True)
    month = models.DateField()
    count = models.IntegerField()
    leaves = models.BinaryField(null=True)
    entries = models.BinaryField()
    before = models.BinaryField()
    sealed_at = models.DateTimeField()
    digest = models.BinaryField()
    last_xid = models.BigIntegerField()
    last_id = models.BigIntegerField()

    class Meta:
        db_table = "audit_block"
        indexes = [models.Index(fields=["month"], name="audit_block_of_month")]


class Anchor(models.Model):
    """A signature over the digest of a block: who rewrites the chain behind it is found out."""

    block = models.BigIntegerField(primary_key=True)
    signed_at = models.DateTimeField()
    statement = models.BinaryField()
    signature = models.BinaryField()
    certificate = models.BinaryField()

    class Meta:
        db_table = "audit_anchor"


class DroppedMonth(models.Model):
    """A month of entries that was dropped at the end of its retention; written by audit_drop_month only."""

    month = models.DateField(primary_key=True)
    entries = models.BigIntegerField()
    dropped_at = models.DateTimeField()

    class Meta:
        db_table = "audit_dropped_month"


class Habit(models.Model):
    """What an agent did on a past day, in figures: what unusual is measured against."""

    pk = models.CompositePrimaryKey("actor", "day")
    actor = models.CharField(max_length=80)
    day = models.DateField()
    role = models.CharField(max_length=24)
    organisation = models.CharField(max_length=120)
    persons = models.IntegerField()
    hours = models.IntegerField()  # a bit for each hour of the day in which a file was opened

    class Meta:
        db_table = "audit_habit"
        indexes = [
            models.Index(fields=["role", "organisation", "day"], name="audit_habit_of_team"),
            models.Index(fields=["day"], name="audit_habit_of_day"),
        ]


class Watched(models.Model):
    """A person whose file asks for a look when it is opened: well known, or a colleague of an organisation's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField()
    kind = models.CharField(max_length=12)
    organisation = models.CharField(max_length=120, default="", blank=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_watched"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "kind", "organisation"],
                condition=models.Q(ended_at__isnull=True),
                name="audit_watched_once",
            )
        ]


class Alert(models.Model):
    """What a rule of detection found, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.CharField(max_length=20)
    actor = models.CharField(max_length=80)
    role = models.CharField(max_length=24)
    organisation = models.CharField(max_length=120)
    key = models.CharField(max_length=60)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    made_at = models.DateTimeField()
    person_id = models.UUIDField(null=True)
    figures = models.JSONField()
    state = models.CharField(max_length=10, default="new")
    reason = models.CharField(max_length=2000, default="")
    handled_by = models.CharField(max_length=80, default="")
    handled_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "audit_alert"
        constraints = [models.UniqueConstraint(fields=["rule", "actor", "key"], name="audit_alert_once")]
        indexes = [models.Index(fields=["state", "-made_at", "-id"], name="audit_alert_by_state")]
