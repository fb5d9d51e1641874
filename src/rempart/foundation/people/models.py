"""What is kept of people: sealed identities, the links that make them a person, the keys that find them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Person(models.Model):
    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_person"


class Identity(models.Model):
    """Traits exactly as one message gave them, kept once per department and expiry day."""

    id = models.UUIDField(primary_key=True)
    department = models.CharField(max_length=3)
    expires_on = models.DateField()
    sealed = models.BinaryField()
    whole = models.BinaryField(unique=True)  # digest of the whole identity, department and expiry day
    ins = models.BinaryField(null=True)
    name_birth = models.BinaryField(null=True)
    used_name_birth = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_identity"
        indexes = [
            models.Index(fields=["expires_on"], name="identity_by_expiry"),
            models.Index(fields=["ins"], condition=models.Q(ins__isnull=False), name="identity_by_ins"),
            models.Index(fields=["name_birth"], name="identity_by_name_birth"),
            models.Index(
                fields=["used_name_birth"],
                condition=models.Q(used_name_birth__isnull=False),
                name="identity_by_used_name_birth",
            ),
        ]


class Link(models.Model):
    """This identity is that person's: reversible, with how sure we are."""

    identity_id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField(db_index=True)
    certainty = models.CharField(max_length=12)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "people_link"


class MatchingKey(models.Model):
    """A digest that stands for one person: written once, by whoever comes first."""

    key = models.BinaryField(primary_key=True)
    person_id = models.UUIDField(db_index=True)
    is_ins = models.BooleanField()
    shared = models.BooleanField(default=False)
    made_on = models.DateField()  # whose period's index key made the digest

    class Meta:
        db_table = "people_matching_key"


class Objection(models.Model):
    """This person objects to the reuse of his data for research. It goes with the person."""

    person_id = models.UUIDField(primary_key=True)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "people_objection"


class Reindexing(models.Model):
    """Somebody asked for everybody to be indexed again under the key of a period; how far that came."""

    period = models.CharField(max_length=12, primary_key=True)
    asked_at = models.DateTimeField()
    after = models.UUIDField(null=True)  # the last identity that was done
    changed = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_reindexing"


class InsRequest(models.Model):
    """An identity without number, to be looked up in the national teleservice, or what came of it. It holds keys only."""

    identity_id = models.UUIDField(primary_key=True)
    person_id = models.UUIDField(db_index=True)
    state = models.CharField(max_length=12)
    queued_at = models.DateTimeField()
    next_at = models.DateTimeField()  # not before; while somebody asks, when another may
    tries = models.IntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=40, default="")  # code of the last failure, or of the doubt
    gained_id = models.UUIDField(null=True)  # the identity that its answer became

    class Meta:
        db_table = "people_ins_request"
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state="waiting"), name="ins_request_waiting"),
        ]


class Teleservice(models.Model):
    """How far identities were queued, and the circuit breaker of the national teleservice: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    after = models.UUIDField()  # the last identity that was looked at
    failures = models.IntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    opened = models.IntegerField(default=0)
    answered_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=40, default="")

    class Meta:
        db_table = "people_teleservice"


class Blocking(models.Model):
    """By which digests an identity is sought among others that may be of the same person."""

    identity_id = models.UUIDField(primary_key=True)
    digests = ArrayField(models.BigIntegerField())
    made_on = models.DateField()  # whose period's index key made them

    class Meta:
        db_table = "people_blocking"
        indexes = [GinIndex(fields=["digests"], name="blocking_by_digest")]


class Seeking(models.Model):
    """How far identities were compared with each other: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    after = models.UUIDField()  # the last identity that was looked at

    class Meta:
        db_table = "people_seeking"


class LikelyPair(models.Model):
    """Two identities that may be of one person, for somebody to look at. Under row security by both departments."""

    class State(models.TextChoices):
        WAITING = "waiting"
        UNSURE = "unsure"  # somebody looked and could not tell
        SAME = "same"
        DIFFERENT = "different"

    id = models.UUIDField(primary_key=True)
    one_id = models.UUIDField()  # the lesser key
    other_id = models.UUIDField()
    department = models.CharField(max_length=3)
    other_department = models.CharField(max_length=3)
    score = models.FloatField()
    grade = models.CharField(max_length=8)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State)
    decided_by = models.CharField(max_length=64, default="")
    decided_at = models.DateTimeField(null=True)
    join_id = models.UUIDField(null=True)  # what the decision did
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "people_likely_pair"
        constraints = [models.UniqueConstraint(fields=["one_id", "other_id"], name="likely_pair_once")]
        indexes = [
            models.Index(fields=["other_id"], name="likely_pair_of_other"),
            models.Index(fields=["state", "-score", "id"], name="likely_pair_to_review"),
        ]


class Join(models.Model):
    """Two persons that were made one by somebody's decision, and all it takes to part them."""

    id = models.UUIDField(primary_key=True)
    kept_id = models.UUIDField(db_index=True)
    gone_id = models.UUIDField()
    gone_created_at = models.DateTimeField()
    identities = ArrayField(models.UUIDField())  # those of the person that went
    certainties = ArrayField(models.CharField(max_length=12))  # how sure their links were
    followed = models.JSONField(default=dict)  # rows of rooms above that went along, by table
    made_by = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    undone_by = models.CharField(max_length=64, default="")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_join"
