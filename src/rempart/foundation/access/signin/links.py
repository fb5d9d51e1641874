"""One-time links by which a password is chosen: for a new account, or when it is forgotten.

A link is signed, not kept: it names the account and a digest of what using it changes (the password, the last
sign-in, the e-mail, whether the account is suspended). Once used, or once the agent has signed in, it opens
nothing any more.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin.policy import policy
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.vault import Keyring

_SALT = "rempart.signin.link"


class Kind(StrEnum):
    """What a link is for."""

    OPENING = "opening"
    RECOVERY = "recovery"  # asks for the second factor

    @property
    def valid(self) -> timedelta:
        """How long the link may be used."""
        return policy().opening if self is Kind.OPENING else policy().recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link that holds says."""

    agent: Agent
    kind: Kind


def token_of(agent: Agent, kind: Kind, *, now: datetime) -> str:
    """The secret part of a new link; whoever holds it may choose the account's password."""
    return signing.dumps([agent.id.hex, kind.value, int(now.timestamp()), _state(agent)], salt=_SALT)


def read(token: str, *, now: datetime) -> Link | None:
    """What the link says; None when it was altered, is too old, was used, or its account is suspended."""
    try:
        key, word, made_at, state = signing.loads(token, salt=_SALT)
        kind = Kind(word)
        found = Agent.objects.filter(id=UUID(hex=key), is_active=True).first()
    except (signing.BadSignature, ValueError, TypeError):
        return None
    age = timedelta(seconds=now.timestamp() - made_at)
    if found is None or not timedelta(seconds=-1) <= age < kind.valid:
        return None
    return Link(agent=found, kind=kind) if constant_time_compare(state, _state(found)) else None


def address(agent: Agent, kind: Kind, *, now: datetime) -> str:
    """The address of a new link, for a letter or to be printed once."""
    return str(settings.PUBLIC_URL) + reverse("password-link", args=[token_of(agent, kind, now=now)])


class News(StrEnum):
    """What an agent is told of his account."""

    PASSWORD_CHANGED = "password-changed"  # noqa: S105 -- a word for it
    SECOND_FACTOR_ADDED = "second-factor-added"
    FACTORS_ERASED = "factors-erased"


def invite(agent: Agent, *, keyring: Keyring, now: datetime) -> None:
    """Write to whoever has a new account how to choose its password."""
    _write(agent, "opening", keyring=keyring, kind=Kind.OPENING, now=now)


def recover(agent: Agent, *, allowed: bool, keyring: Keyring, now: datetime) -> None:
    """Write to whoever forgot his password: a link, or whom to ask when the account has no second factor."""
    letter = "recovery" if allowed else "no-second-factor"
    _write(agent, letter, keyring=keyring, kind=Kind.RECOVERY, now=now)


def tell(agent: Agent, news: News, *, keyring: Keyring, now: datetime) -> None:
    """Write to an agent that something changed about how he signs in."""
    _write(agent, news.value, keyring=keyring, kind=Kind.RECOVERY, now=now)


def _write(agent: Agent, letter: str, *, keyring: Keyring, kind: Kind, now: datetime) -> None:
    if not agent.email:
        return
    said = {
        "name": agent.username,
        "link": address(agent, kind, now=now),
        "days": kind.valid // timedelta(days=1),
        "minutes": kind.valid // timedelta(minutes=1),
    }
    text = _letters()[letter]["text"].strip().format(**said)
    written = Letter(
        channel=Channel.EMAIL, recipient=agent.email, subject=_letters()[letter]["subject"], text=text
    )
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        enqueue(
            cursor,
            [written],
            keyring=keyring,
            expires_on=(now + kind.valid).date(),
            now=now,
            about="account",
            wakes=True,
        )


@lru_cache(maxsize=1)
def _letters() -> dict[str, dict[str, str]]:
    return tomllib.loads(resources.files(__package__).joinpath("data/letters.toml").read_text("utf-8"))


def _state(agent: Agent) -> str:
    last = agent.last_login.isoformat() if agent.last_login else ""
    said = "\0".join((agent.password, last, agent.email, str(agent.is_active)))
    return salted_hmac(_SALT, said, algorithm="sha256").hexdigest()[:32]
