"""What signing in leaves in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from rempart.foundation.access.actor import Actor, Purpose, Role
from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin.rules import Means
from rempart.foundation.audit.trail import Act, record


class Step(StrEnum):
    """Where somebody was not let in."""

    PASSWORD = "password"  # noqa: S105 -- a word for it
    SECOND_FACTOR = "second-factor"
    LINK = "link"


def at(request: HttpRequest) -> datetime:
    """The one clock reading of the request; now, for a request that came through no middleware."""
    found: datetime = getattr(request, "now", None) or datetime.now(UTC)
    return found


def origin(request: HttpRequest) -> str:
    """The network address that the request comes from."""
    return str(getattr(request, "origin", ""))


def oneself(agent: Agent, request: HttpRequest) -> Actor:
    """An agent acting on his own account."""
    return Actor(
        id=str(agent.id),
        role=Role(agent.role),
        purpose=Purpose.ADMINISTRATION,
        agent=agent.id,
        organisation=agent.organisation,
        origin=origin(request),
    )


def unproved(request: HttpRequest) -> Actor:
    """Whoever asks, before he has proved to be anybody."""
    return Actor(id="nobody", role=Role.SYSTEM, purpose=Purpose.ADMINISTRATION, origin=origin(request))


def note(act: Act, agent: Agent, request: HttpRequest, **details: Any) -> None:
    """An act of an agent on his own account."""
    record(oneself(agent, request), act, str(agent.id), now=at(request), **details)


def signed_in(agent: Agent, request: HttpRequest, means: Sequence[Means]) -> None:
    """Both factors passed."""
    note(Act.SIGNED_IN, agent, request, method="+".join(dict.fromkeys(means)))


def refused(request: HttpRequest, step: Step, *, agent: Agent | None = None, name: str = "") -> None:
    """Somebody was not let in. Nobody has proved to be the agent: the platform is the actor, the account the
    subject. A name that no account has is kept as a digest: people type passwords there."""
    tried = salted_hmac("rempart.signin.name", name.lower(), algorithm="sha256").hexdigest()[:16]
    subject = str(agent.id) if agent else tried
    reason = "no-account" if agent is None else "wrong" if agent.is_active else "suspended"
    record(unproved(request), Act.SIGN_IN_REFUSED, subject, now=at(request), method=step.value, reason=reason)
