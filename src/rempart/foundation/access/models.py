"""Accounts of agents, and keys of laboratories' machines."""

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from rempart.foundation.access.actor import Actor, Purpose, Role
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.database.keys import uuid7


class AgentManager(BaseUserManager["Agent"]):
    def get_by_natural_key(self, username: str | None) -> "Agent":
        return self.get(username=username)


class Agent(AbstractBaseUser):
    """A person who works with Rempart; sees the departments of his perimeter and no other."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Role])
    departments = ArrayField(models.CharField(max_length=3), default=list)
    is_active = models.BooleanField(default=True)

    objects = AgentManager()
    USERNAME_FIELD = "username"

    class Meta:
        db_table = "access_agent"

    def __str__(self) -> str:
        return self.name or self.username

    def actor(self, purpose: Purpose) -> Actor:
        """This agent as the actor of a service."""
        return Actor(
            id=str(self.id), role=Role(self.role), purpose=purpose, departments=tuple(self.departments)
        )


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
