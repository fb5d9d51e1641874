"""The accounts that somebody keeps, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q, QuerySet

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import Training, civil_day, training_on
from rempart.foundation.access.accounts.rules import Hold, Lack
from rempart.foundation.access.accounts.services import authority
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Role
from rempart.foundation.database.row_security import EVERYWHERE

PAGE = 50
_MOST_WORDS, _MOST_LETTERS = 4, 80


class Shown(StrEnum):
    """Which accounts a list shows."""

    OPEN = "open"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One account, and what its keeper needs to see of it."""

    agent: Agent
    lacks: tuple[Lack, ...]
    missing: tuple[Training, ...]
    hold: Hold

    @property
    def opens(self) -> bool:
        return self.hold is Hold.OPENS

    @property
    def keeps(self) -> bool:
        return self.hold >= Hold.KEEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Accounts by name; `next` is what the page after this one begins behind, empty for the last one."""

    lines: Sequence[Line]
    next: str


def accounts(
    *, actor: Actor, shown: Shown = Shown.OPEN, text: str = "", after: str = "", now: datetime
) -> Page:
    """A page of the accounts that the actor keeps, at most PAGE, in one or two queries.

    `text`: words that each occur in the name, the user name, the address or the organisation. `after`: the key
    of an account, as `next` gave it. Raises NotAllowed for whoever keeps none.
    """
    found = kept_by(actor).filter(is_active=shown is Shown.OPEN)
    for word in (
        text[:_MOST_LETTERS].replace("\0", " ").split()[:_MOST_WORDS]
    ):  # PostgreSQL has no NUL in a text
        found = found.filter(
            Q(name__icontains=word)
            | Q(username__icontains=word)
            | Q(email__icontains=word)
            | Q(organisation__icontains=word)
        )
    if last := _last(after):
        found = found.filter(Q(name__gt=last.name) | Q(name=last.name, id__gt=last.id))
    rows = list(found.order_by("name", "id")[: PAGE + 1])
    return Page(
        lines=[line_of(agent, actor=actor, now=now) for agent in rows[:PAGE]],
        next=str(rows[PAGE - 1].id) if len(rows) > PAGE else "",
    )


def account(*, actor: Actor, agent_id: UUID, now: datetime) -> Line:
    """One account. Raises NotAllowed when it is none that the actor keeps, his own included."""
    agent = kept_by(actor).filter(id=agent_id).first()
    if agent is None:
        raise NotAllowed("no such account")
    return line_of(agent, actor=actor, now=now)


def kept_by(actor: Actor) -> QuerySet[Agent]:
    """Every account that the actor keeps: of the roles that are his, within his perimeter, but his own. Those
    whose holder was forgotten (retention.py) have no name any more, and are nobody's."""
    known = authority(actor)
    found = Agent.objects.filter(role__in=[role.value for role in rules.held_by(known.role)])
    if EVERYWHERE not in known.perimeter.departments:
        found = found.filter(departments__contained_by=sorted(known.perimeter.departments))
        found = found.exclude(departments=[])
    found = found.exclude(name="")
    return found.exclude(id=known.agent) if known.agent else found


def line_of(agent: Agent, *, actor: Actor, now: datetime) -> Line:
    role, today = Role(agent.role), civil_day(now)
    kept = agent.account()
    return Line(
        agent=agent,
        lacks=agent.lacks(now),
        missing=rules.missing_trainings(role, kept.trainings, policy=training_on(today), today=today),
        hold=rules.hold(actor.role, role) or Hold.STOPS,
    )


def predecessors(*, actor: Actor, region: str) -> Sequence[Agent]:
    """Suspended administrators of a region, who might take it up again; the latest first, ten at most."""
    return list(kept_by(actor).filter(region=region, is_active=False).order_by("-closed_at")[:10])


def _last(after: str) -> Agent | None:
    try:
        return Agent.objects.only("name", "id").filter(id=UUID(after)).first()
    except ValueError:
        return None
