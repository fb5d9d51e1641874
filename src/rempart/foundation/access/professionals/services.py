"""Letting a professional in by card: his account, found or made, and its trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from rempart.foundation.access.actor import Actor, Purpose, system
from rempart.foundation.access.limits import Use, take
from rempart.foundation.access.models import BY_CARD, Agent
from rempart.foundation.access.openid import phone
from rempart.foundation.access.openid.party import Party
from rempart.foundation.access.openid.professional import Professional
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.professionals import rules
from rempart.foundation.access.refusals import TooMany
from rempart.foundation.access.rights import Role
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess

METHOD = "pro-sante-connect"
"""How he signed in, as the audit says it."""


def enter(*, professional: Professional, origin: str, now: datetime) -> Agent:
    """The account of a professional whom Pro Santé Connect vouches for; it is made the first time, and usable
    at once (amelipro's road by card).

    His role, place and name follow the register each time, unless an administrator gave him another role. The
    department is that of the place: it opens nothing by itself, and says which administrator may suspend him.
    Raises SignInRefused: CLAIMS without an RPPS number or a name, SUSPENDED, NO_ROLE.
    """
    if not professional.rpps or not professional.name:
        raise SignInRefused(Reason.CLAIMS, "rpps")
    with transaction.atomic():
        agent = Agent.objects.select_for_update().filter(rpps=professional.rpps).first()
        if agent is not None and not agent.is_active:
            raise SignInRefused(Reason.SUSPENDED)
        position = rules.position_of(
            professional,
            laboratories=_known(professional),
            before=agent.establishment if agent else "",
        )
        by_card = agent is None or Role(agent.role) in rules.card_roles()
        if position is None and by_card:
            raise SignInRefused(Reason.NO_ROLE)
        agent = agent or _new_agent(professional, now=now)
        if position is not None and by_card:
            agent.role = position.role.value
            agent.establishment = position.establishment
            agent.departments = _departments(position.establishment)
            agent.organisation = position.organisation[:120]
        agent.name = professional.name[:120]
        agent.save()
        record(_as(agent, origin), Act.SIGNED_IN, str(agent.id), now=now, method=METHOD)
    return agent


def ring(party: Party, *, rpps: str, destination: str, now: datetime) -> phone.Request:
    """Ask a professional on his phone. Raises SignInRefused, TOO_OFTEN when that phone rang too often lately:
    the number is public, and nobody shall be worn down into pressing the button."""
    try:
        take(Use.PHONE, of=rpps, now=now)
    except TooMany:
        raise SignInRefused(Reason.TOO_OFTEN) from None
    return phone.ring(party, national_id=f"8{rpps}", destination=destination, now=now)


def note_leaving(agent: Agent, *, origin: str, now: datetime) -> None:
    """Note that a professional left."""
    record(_as(agent, origin), Act.SIGNED_OUT, str(agent.id), now=now, method=METHOD)


def note_refusal(
    refused: SignInRefused, *, method: str, purpose: Purpose, origin: str, now: datetime
) -> None:
    """Note that a sign-in ended without an entry: how and why, never who."""
    actor: Actor = replace(system(purpose), origin=origin)
    record(actor, Act.SIGN_IN_REFUSED, method, now=now, method=method, reason=refused.reason.value)


def _as(agent: Agent, origin: str) -> Actor:
    """The agent as the audit names him; he uses no right by coming and going."""
    return Actor(
        id=str(agent.id),
        role=Role(agent.role),
        purpose=Purpose.ADMINISTRATION,
        organisation=agent.organisation,
        origin=origin,
    )


def _known(professional: Professional) -> frozenset[str]:
    """Those of his places of work that are laboratories of our directory."""
    numbers = {
        number
        for practice in professional.practices
        for activity in practice.activities
        for number in activity.establishments
    }
    return frozenset(Laboratory.objects.filter(finess__in=numbers).values_list("finess", flat=True))


def _departments(establishment: str) -> list[str]:
    department = finess.parse(establishment).department if establishment else ""
    return [department] if department else []


def _new_agent(professional: Professional, *, now: datetime) -> Agent:
    """An account with nothing but the number; whoever made it at the same moment made it for both."""
    agent = Agent(
        username=f"{BY_CARD}{professional.rpps}",
        rpps=professional.rpps,
        name="",
        role="",
        opened_at=now,
        awake_at=now,
    )
    agent.set_unusable_password()
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
    except IntegrityError:
        return Agent.objects.select_for_update().get(rpps=professional.rpps)
    return agent
