"""What is kept of people: sealed identities, the links that make them a person, the keys that find them."""

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
