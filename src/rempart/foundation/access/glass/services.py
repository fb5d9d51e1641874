"""Breaking the glass, and looking at who did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Q
from django.utils.timezone import localtime

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.glass import rules
from rempart.foundation.access.models import Agent, Glass
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, Role, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.territories import department, departments
from rempart.foundation.vault import Keyring

PAGE = 50
_LETTER_KEPT = timedelta(days=7)


class GlassHolds(Exception):
    """The glass was not broken; `refusals` says everything that keeps it whole."""

    def __init__(self, refusals: Sequence[rules.Refusal]) -> None:
        super().__init__(", ".join(refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One time the glass was broken, for those who watch."""

    glass: Glass
    agent: Agent
    opened: int  # files the agent opened while it was broken


def break_glass(
    *, actor: Actor, departments_: Sequence[str], reason: str, keyring: Keyring, now: datetime
) -> Glass:
    """Let the actor see other departments until the policy's hours have passed, and tell those who watch.

    Raises GlassHolds with everything that is wrong. A second time replaces the first.
    """
    require(actor, Right.GLASS_BREAK)
    policy = rules.policy_on(now.date())
    with acting(actor) as cursor:
        agent = Agent.objects.select_for_update().get(pk=UUID(actor.id))
        found = rules.refusals(
            departments=departments_, reason=reason, home=agent.departments, known=departments().keys(),
            policy=policy,
        )  # fmt: skip
        if found:
            raise GlassHolds(found)
        glass = Glass.objects.create(
            agent=agent, home=agent.departments, departments=sorted(set(departments_)), reason=reason.strip(),
            broken_at=now, until=now + policy.lasts,
        )  # fmt: skip
        agent.glass_departments, agent.glass_until = glass.departments, glass.until
        agent.save(update_fields=["glass_departments", "glass_until"])
        record(actor, Act.GLASS_BROKEN, str(glass.id), now=now, departments=glass.departments)
        _tell(cursor, glass, agent, keyring=keyring, now=now)
    return glass


def mend_glass(*, actor: Actor, now: datetime) -> None:
    """End it before its time."""
    require(actor, Right.GLASS_BREAK)
    with acting(actor):
        Agent.objects.filter(pk=UUID(actor.id)).update(glass_departments=[], glass_until=None)
        Glass.objects.filter(agent=actor.agent, until__gt=now).update(until=now)
        record(actor, Act.GLASS_MENDED, actor.id, now=now)


def broken(*, actor: Actor, before: datetime | None = None) -> Sequence[Broken]:
    """Who broke the glass in the actor's perimeter, newest first, PAGE at a time. Two queries."""
    where = require(actor, Right.GLASS_REVIEW)
    glasses = Glass.objects.select_related("agent").order_by("-broken_at")
    if where is Where.DEPARTMENTS:
        glasses = glasses.filter(home__overlap=list(actor.departments))
    if before:
        glasses = glasses.filter(broken_at__lt=before)
    with acting(
        system(Purpose.OVERSIGHT)
    ) as cursor:  # the audit is closed to an administrator; its counts are not
        shown = list(glasses[:PAGE])
        opened = _opened(cursor, shown)
    return [Broken(glass=g, agent=g.agent, opened=opened.get(g.id, 0)) for g in shown]


def review(*, actor: Actor, glass_id: UUID, justified: bool, now: datetime) -> None:
    """Say whether it was justified. Raises NotAllowed outside the actor's perimeter, for his own glass, and
    for one that somebody reviewed already."""
    where = require(actor, Right.GLASS_REVIEW)
    with acting(actor):
        glasses = Glass.objects.filter(pk=glass_id, reviewed_at=None).filter(~Q(agent_id=actor.agent))
        if where is Where.DEPARTMENTS:
            glasses = glasses.filter(home__overlap=list(actor.departments))
        if not glasses.update(reviewed_by=actor.agent, reviewed_at=now, justified=justified):
            raise NotAllowed("no such glass to review")
        record(actor, Act.GLASS_REVIEWED, str(glass_id), now=now, justified=justified)


_OPENED = """
    SELECT g.id, count(e.at) FROM access_glass g
    LEFT JOIN audit_entry e ON e.actor = g.agent_id::text AND e.act = %s AND e.at >= g.broken_at AND e.at < g.until
    WHERE g.id = ANY(%s) GROUP BY g.id"""


def _opened(cursor: CursorWrapper, glasses: Sequence[Glass]) -> dict[UUID, int]:
    cursor.execute(_OPENED, (Act.CASE_OPENED.value, [glass.id for glass in glasses]))
    return dict(cursor.fetchall())


def _tell(cursor: CursorWrapper, glass: Glass, agent: Agent, *, keyring: Keyring, now: datetime) -> None:
    """A letter to the administrators of the agent's region and to the data-protection officers."""
    watchers = Agent.objects.filter(is_active=True).exclude(email="")
    watchers = watchers.filter(
        Q(role=Role.DATA_PROTECTION) | Q(role=Role.ADMINISTRATOR, departments__overlap=glass.home)
    )
    names = ", ".join(department(code).name for code in glass.departments)
    text = (
        f"{agent.name} ({agent.organisation or agent.username}) a ouvert, jusqu’à {_until(glass)}, l’accès aux départements suivants, hors "
        f"de son périmètre : {names}. Motif et suites : page « Accès exceptionnels » de Rempart."
    )
    letters = [
        Letter(channel=Channel.EMAIL, recipient=email, subject="Accès exceptionnel", text=text)
        for email in watchers.values_list("email", flat=True)
    ]
    if letters:
        enqueue(
            cursor, letters, keyring=keyring, expires_on=now.date() + _LETTER_KEPT, now=now, about="watch"
        )


def _until(glass: Glass) -> str:
    return localtime(glass.until).strftime("%d/%m/%Y %H:%M")
