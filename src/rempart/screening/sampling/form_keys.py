"""The key that an empty form carries: whatever is sent with it twice is one thing."""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.http import HttpRequest

from rempart.foundation.access.actor import Actor
from rempart.foundation.database.keys import uuid7

FIELD = "form"
_SALT = "sampling-form"
_LASTS = 12 * 3600
"""Seconds for which an empty form may be sent."""


def new_key(actor: Actor, key: UUID | None = None) -> str:
    """What a form for this agent carries: a key of its own, or the one it came back with."""
    return signing.dumps([str(key or uuid7()), actor.id], salt=_SALT)


def key_of(request: HttpRequest, actor: Actor) -> UUID | None:
    """The key that a form was given for this agent; None when it has none that counts."""
    try:
        key, agent = signing.loads(request.POST.get(FIELD, ""), salt=_SALT, max_age=_LASTS)
        return UUID(key) if agent == actor.id else None
    except (signing.BadSignature, ValueError):
        return None
