"""What was destroyed and when, what a judge holds, and the proofs: no row here names a person."""

from django.db import models


class Run(models.Model):
    """The forgetting of one day: how far it came. `finished_at` is null while it works, or was killed."""

    day = models.DateField(primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=40)

    class Meta:
        db_table = "retention_run"


class Destroyed(models.Model):
    """How many rows of a table went on a day; written in the transaction that destroyed them."""

    pk = models.CompositePrimaryKey("day", "what")
    day = models.DateField()
    what = models.CharField(max_length=60)
    number = models.BigIntegerField()

    class Meta:
        db_table = "retention_destroyed"


class DestroyedKey(models.Model):
    """A key by its name: noted before it is destroyed, so that none goes unnoted."""

    pk = models.CompositePrimaryKey("name", "day")
    name = models.CharField(max_length=120)
    day = models.DateField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "retention_destroyed_key"


class Mark(models.Model):
    """How far something has been done for good: digests swept, a policy's version applied to what was there."""

    what = models.CharField(max_length=60, primary_key=True)
    upto = models.DateField()

    class Meta:
        db_table = "retention_mark"


class Hold(models.Model):
    """A judge wants this person's data kept until a day. `sealed`: who ordered it, and why."""

    id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField(db_index=True)
    until = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=80, default="")
    sealed = models.BinaryField()
    expires_on = models.DateField()

    class Meta:
        db_table = "retention_hold"


class Proof(models.Model):
    """What was still there at the end of a day's run, against its limits, as signed JSON."""

    day = models.DateField(primary_key=True)
    made_at = models.DateTimeField()
    statement = models.BinaryField()
    signature = models.BinaryField()
    certificate = models.BinaryField()

    class Meta:
        db_table = "retention_proof"
