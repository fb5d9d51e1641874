"""Accounts of agents, and keys of laboratories' machines."""

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from rempart.foundation.access.actor import Actor, Purpose, Role
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Grant, Right, Where, granted
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.row_security import EVERYWHERE


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
    email_confirmed_at = models.DateTimeField(null=True)
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
        """This agent using one right, within his perimeter. Raises NotAllowed when his role has it not."""
        grant = granted(Role(self.role), right)
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
    """The key of a laboratory's software: kept as a digest, shown once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.BinaryField(unique=True)
    laboratory = models.CharField(max_length=9)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "access_machine_key"


def create_machine_key(*, laboratory: str, now: datetime, expires_at: datetime) -> str:
    """A new key for a laboratory; the answer is the only time it can be read."""
    key = f"rmp_{secrets.token_urlsafe(32)}"
    MachineKey.objects.create(
        digest=_digest(key), laboratory=laboratory, created_at=now, expires_at=expires_at
    )
    return key


def machine_of(key: str, *, now: datetime) -> Actor:
    """The laboratory's machine that holds this key. Raises NotAllowed for any other string."""
    found = MachineKey.objects.filter(digest=_digest(key), expires_at__gt=now).first()
    if found is None:
        raise NotAllowed("unknown or expired key")
    return Actor(
        id=str(found.id),
        role=Role.LABORATORY,
        purpose=Purpose.INTAKE,
        departments=("*",),
        laboratory=found.laboratory,
    )


def _digest(key: str) -> bytes:
    """A key has 256 random bits: a plain hash is enough, and the look-up stays one equality."""
    return hashlib.sha256(key.encode()).digest()
