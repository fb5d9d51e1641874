"""One-time links by which a password is chosen: for a new account, or when it is forgotten.

A link is signed, not kept: it names the account and a digest of what using it changes (the password, the last
sign-in, the e-mail, whether the account is suspended). Once used, or once the agent has signed in, it opens
nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin.policy import policy
from rempart.foundation.messaging.outbox import Channel, Letter, enqueue
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


def invite(agent: Agent, *, keyring: Keyring, now: datetime) -> None:
    """Write to whoever has a new account how to choose its password."""
    days = Kind.OPENING.valid // timedelta(days=1)
    text = _(
        "Un compte Rempart a été ouvert pour vous. Identifiant : {name}\n\n"
        "Choisissez votre mot de passe dans les {days} jours : {link}\n\n"
        "Il vous faudra ensuite un second facteur : une application sur votre téléphone, ou une clé d’accès."
    ).format(name=agent.username, days=days, link=address(agent, Kind.OPENING, now=now))
    _write(
        agent,
        _("Rempart : votre compte est ouvert"),
        text,
        keyring=keyring,
        valid=Kind.OPENING.valid,
        now=now,
    )


def recover(agent: Agent, *, allowed: bool, keyring: Keyring, now: datetime) -> None:
    """Write to whoever forgot his password: a link, or whom to ask when the account has no second factor."""
    minutes = Kind.RECOVERY.valid // timedelta(minutes=1)
    link = address(agent, Kind.RECOVERY, now=now)
    if allowed:
        text = _(
            "Pour choisir un nouveau mot de passe pour le compte {name}, ouvrez ce lien dans les {minutes} minutes : "
            "{link}\n\nVotre second facteur vous sera demandé. Si vous n’avez rien demandé, ne faites rien."
        ).format(name=agent.username, minutes=minutes, link=link)
    else:
        text = _(
            "Quelqu’un a demandé un nouveau mot de passe pour le compte {name}. Ce compte n’a pas de second facteur : "
            "adressez-vous à votre administrateur."
        ).format(name=agent.username)
    _write(
        agent, _("Rempart : votre mot de passe"), text, keyring=keyring, valid=Kind.RECOVERY.valid, now=now
    )


def tell(agent: Agent, what: str, *, keyring: Keyring, now: datetime) -> None:
    """Write to an agent that something changed about how he signs in."""
    text = _("{what}\n\nSi ce n’est pas vous, prévenez tout de suite votre administrateur.").format(what=what)
    _write(agent, _("Rempart : votre compte"), text, keyring=keyring, valid=timedelta(days=1), now=now)


def _write(
    agent: Agent, subject: str, text: str, *, keyring: Keyring, valid: timedelta, now: datetime
) -> None:
    if not agent.email:
        return
    letter = Letter(channel=Channel.EMAIL, recipient=agent.email, subject=subject, text=text)
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        enqueue(cursor, [letter], keyring=keyring, expires_on=(now + valid).date(), now=now)


def _state(agent: Agent) -> str:
    last = agent.last_login.isoformat() if agent.last_login else ""
    said = "\0".join((agent.password, last, agent.email, str(agent.is_active)))
    return salted_hmac(_SALT, said, algorithm="sha256").hexdigest()[:32]
