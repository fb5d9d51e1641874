"""Accounts of agents, and keys of laboratories' machines."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from rempart.foundation.access.accounts.policy import accounts_on, civil_day, training_on
from rempart.foundation.access.accounts.rules import Account, Lack, Perimeter, lacks
from rempart.foundation.access.actor import Actor, Purpose, Role
from rempart.foundation.access.refusals import NotAllowed, RightsClosed
from rempart.foundation.access.rights import Grant, Right, Where, granted, table
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.row_security import EVERYWHERE

MACHINE_RIGHTS = tuple(right for right, row in table().items() if Role.LABORATORY in row.to)
"""What a machine's key can be for."""


def _what_machines_do() -> list[str]:
    return [Right.DELIVERIES_SEND.value]


BY_CARD = "rpps-"
"""How the user names of accounts begin that a card made; nobody gives one by hand."""


class AgentManager(BaseUserManager["Agent"]):
    def get_by_natural_key(self, username: str | None) -> "Agent":
        return self.get(username=username)


class Agent(AbstractBaseUser):
    """A person who works with Rempart: one role, and the perimeter in which he has it.

    `departments`: those he may see; "*" is the nation. `establishment`: FINESS of the laboratory, pharmacy
    or hospital he works for. `rpps`: a professional's national number, when he signed in by card.
    `glass_departments`: those he sees besides until `glass_until`, having broken the glass.

    The life of the account (accounts/): `region` is the one whose accounts an administrator keeps. `closed` says
    why it is suspended (accounts.rules.Why), empty while `is_active`. `ends_on` is its last day. `awake_at`: since
    when it must be used. `trainings`: the latest day of each, by code. `conditions`: the version that was accepted.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=24)
    departments = ArrayField(models.CharField(max_length=3), default=list)
    establishment = models.CharField(max_length=9, default="", blank=True)
    organisation = models.CharField(max_length=120, default="", blank=True)
    email = models.EmailField(default="", blank=True)
    rpps = models.CharField(max_length=11, null=True, unique=True)
    is_active = models.BooleanField(default=True)
    glass_departments = ArrayField(models.CharField(max_length=3), default=list)
    glass_until = models.DateTimeField(null=True)
    region = models.CharField(max_length=3, default="", blank=True)
    opened_at = models.DateTimeField(null=True)
    opened_by = models.UUIDField(null=True)
    awake_at = models.DateTimeField(null=True)
    ends_on = models.DateField(null=True)
    closed = models.CharField(max_length=16, default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    trainings = models.JSONField(default=dict)
    conditions = models.CharField(max_length=12, default="", blank=True)
    conditions_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    objects = AgentManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "access_agent"
        indexes = [models.Index(fields=["name", "id"], name="agent_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["region"],
                condition=models.Q(is_active=True) & ~models.Q(region=""),
                name="one_administrator_a_region",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def actor(self, right: Right, *, now: datetime, origin: str = "") -> Actor:
        """This agent using one right, within his perimeter. Raises NotAllowed when his role has it not, and
        RightsClosed when his account lacks what its rights need."""
        grant = granted(Role(self.role), right)
        if lacks := self.lacks(now):
            raise RightsClosed(", ".join(lacks))
        return Actor(
            id=str(self.id),
            role=grant.role,
            purpose=grant.purpose,
            departments=self._sight(grant, now),
            agent=self.id,
            laboratory=self.establishment,
            organisation=self.organisation,
            origin=origin,
            fields=grant.sees,
        )

    def account(self) -> Account:
        """The account as rules look at it."""
        return Account(
            id=self.id,
            role=Role(self.role),
            perimeter=Perimeter(departments=frozenset(self.departments), establishment=self.establishment),
            trainings={code: date.fromisoformat(day) for code, day in self.trainings.items()},
            ends_on=self.ends_on,
            conditions=self.conditions,
        )

    def lacks(self, now: datetime) -> tuple[Lack, ...]:
        """What keeps the rights of this account closed; none: they are open."""
        today = civil_day(now)
        in_force = accounts_on(today).conditions
        return lacks(self.account(), policy=training_on(today), conditions=in_force, today=today)

    def _sight(self, grant: Grant, now: datetime) -> tuple[str, ...]:
        if grant.where is Where.NATION:
            return (EVERYWHERE,)
        if grant.where is not Where.DEPARTMENTS:
            return ()
        broken = self.glass_until is not None and now < self.glass_until
        more = self.glass_departments if broken and grant.purpose is Purpose.INVESTIGATION else ()
        return (*self.departments, *(code for code in more if code not in self.departments))


class Glass(models.Model):
    """One time somebody broke the glass: which departments, why, for how long, and who looked at it since."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT)
    home = ArrayField(models.CharField(max_length=3))  # the agent's own departments then
    departments = ArrayField(models.CharField(max_length=3))
    reason = models.TextField()
    broken_at = models.DateTimeField()
    until = models.DateTimeField()
    reviewed_by = models.UUIDField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    justified = models.BooleanField(null=True)

    class Meta:
        db_table = "access_glass"
        indexes = [models.Index(fields=["-broken_at"], name="glass_newest")]


class MachineKey(models.Model):
    """The key of a laboratory's software: kept as a digest, shown once.

    `rights`: what it may be used for. `replaces`: the key that it takes over from; both hold until the older one
    expires. `last_used_on`: a day, not an instant, so that a key in use costs one write a day.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.BinaryField(unique=True)
    laboratory = models.CharField(max_length=9)
    name = models.CharField(max_length=80, default="", blank=True)
    rights = ArrayField(models.CharField(max_length=32), default=_what_machines_do)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    replaces = models.UUIDField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        db_table = "access_machine_key"
        indexes = [models.Index(fields=["laboratory", "-created_at"], name="machine_key_of_laboratory")]


class ClientCertificate(models.Model):
    """A certificate by which a laboratory's machine proves itself to the proxy (mutual TLS)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    fingerprint = models.BinaryField(unique=True)  # SHA-256 of the certificate's DER
    laboratory = models.CharField(max_length=9)
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    expires_at = models.DateTimeField()  # the certificate's own end
    revoked_at = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    class Meta:
        db_table = "access_client_certificate"
        indexes = [models.Index(fields=["laboratory", "-created_at"], name="certificate_of_laboratory")]


class Enrolment(models.Model):
    """Somebody of a laboratory who asked for an account by the laboratory's number, and waits for the code that
    was sent there by post. No account exists before the code came back, or the help desk said so.

    `code`: keyed digest of the code in the last letter; `tries`: wrong ones since. `letters`: sent so far.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    establishment = models.CharField(max_length=9)
    name = models.CharField(max_length=120)
    email = models.EmailField()
    conditions = models.CharField(max_length=12)
    asked_at = models.DateTimeField()
    email_confirmed_at = models.DateTimeField(null=True)
    code = models.BinaryField()
    tries = models.PositiveSmallIntegerField(default=0)
    letters = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    unblocked_by = models.UUIDField(null=True)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL)

    class Meta:
        db_table = "access_enrolment"
        constraints = [
            models.UniqueConstraint(fields=["establishment", "email"], name="one_enrolment_an_address")
        ]


class Review(models.Model):
    """The access review of one region (or of the nation: "") for one quarter ("2026Q4").

    `statement`: what was decided, as signed once every account had its decision; `certificate`: of the key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    region = models.CharField(max_length=3, blank=True)
    quarter = models.CharField(max_length=6)
    begun_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by = models.UUIDField(null=True)
    statement = models.BinaryField(null=True)
    signature = models.BinaryField(null=True)
    certificate = models.BinaryField(null=True)

    class Meta:
        db_table = "access_review"
        constraints = [models.UniqueConstraint(fields=["region", "quarter"], name="one_review_a_quarter")]


class Decision(models.Model):
    """What was decided of one account in a review; the latest word stands until the review is signed.

    `departments`: its perimeter then.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT)
    decision = models.CharField(max_length=8)
    departments = ArrayField(models.CharField(max_length=3), default=list)
    decided_at = models.DateTimeField()
    decided_by = models.UUIDField()

    class Meta:
        db_table = "access_review_decision"
        constraints = [models.UniqueConstraint(fields=["review", "agent"], name="one_decision_an_account")]


def new_machine_key(
    *,
    laboratory: str,
    now: datetime,
    expires_at: datetime,
    name: str = "",
    rights: Iterable[Right] = MACHINE_RIGHTS,
    created_by: UUID | None = None,
    replaces: UUID | None = None,
) -> tuple[MachineKey, str]:
    """A new key for a laboratory, and its text: the answer is the only time it can be read."""
    text = f"rmp_{secrets.token_urlsafe(32)}"
    row = MachineKey.objects.create(
        digest=_digest(text),
        laboratory=laboratory,
        name=name,
        rights=[right.value for right in rights],
        created_at=now,
        created_by=created_by,
        expires_at=expires_at,
        replaces=replaces,
    )
    return row, text


def create_machine_key(*, laboratory: str, now: datetime, expires_at: datetime) -> str:
    """The text of a new key for everything that a machine does: for benchmarks and tests."""
    return new_machine_key(laboratory=laboratory, now=now, expires_at=expires_at)[1]


def machine(key: str, certificate: str, *, now: datetime, right: Right = Right.DELIVERIES_SEND) -> Actor:
    """The laboratory's machine that speaks: by its key, by its certificate, or by both.

    `certificate`: SHA-256 fingerprint as our proxy saw it, "" for none. A certificate that we do not know adds
    nothing to a key. Raises NotAllowed when neither holds, or when they are of two laboratories.
    """
    if not key:
        return machine_by_certificate(certificate, now=now, right=right)
    found = machine_of(key, now=now, right=right)
    if certificate:
        try:
            shown = machine_by_certificate(certificate, now=now, right=right)
        except NotAllowed:
            return found
        if shown.laboratory != found.laboratory:
            raise NotAllowed("the key of one laboratory with the certificate of another")
    return found


def machine_of(key: str, *, now: datetime, right: Right = Right.DELIVERIES_SEND) -> Actor:
    """The laboratory's machine that holds this key. Raises NotAllowed for any other string, and for a key that
    expired, was revoked, or is for something else."""
    found = MachineKey.objects.filter(digest=_digest(key), expires_at__gt=now, revoked_at=None).first()
    if found is None or right.value not in found.rights:
        raise NotAllowed("unknown or expired key")
    _note_use(found, now)
    return _machine(found.id, found.laboratory, right)


def machine_by_certificate(fingerprint: str, *, now: datetime, right: Right = Right.DELIVERIES_SEND) -> Actor:
    """The laboratory's machine that proved to hold the certificate with this SHA-256 (64 hexadecimal digits).

    Raises NotAllowed when it is not registered, expired or was revoked.
    """
    try:
        digest = bytes.fromhex(fingerprint)
    except ValueError:
        raise NotAllowed("no fingerprint") from None
    found = ClientCertificate.objects.filter(fingerprint=digest, expires_at__gt=now, revoked_at=None).first()
    if found is None:
        raise NotAllowed("unknown or expired certificate")
    _note_use(found, now)
    return _machine(found.id, found.laboratory, right)


def machine_at(laboratory: str, *, right: Right = Right.DELIVERIES_SEND) -> Actor:
    """The machine that writes into a laboratory's own folder: the file system, or SFTP, has seen to it that nobody
    else does."""
    return _machine("folder", laboratory, right)


def _machine(id_: UUID | str, laboratory: str, right: Right) -> Actor:
    return Actor(
        id=str(id_),
        role=Role.LABORATORY,
        purpose=granted(Role.LABORATORY, right).purpose,
        departments=(EVERYWHERE,),
        laboratory=laboratory,
    )


def _note_use(found: MachineKey | ClientCertificate, now: datetime) -> None:
    """Once a day: the row that was just read says whether it was noted."""
    if found.last_used_on != now.date():
        type(found).objects.filter(id=found.id).update(last_used_on=now.date())


def _digest(key: str) -> bytes:
    """A key has 256 random bits: a plain hash is enough, and the look-up stays one equality."""
    return hashlib.sha256(key.encode()).digest()
