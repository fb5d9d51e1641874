"""Alerts of the trail, and the persons whom they protect: for the data-protection officer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.audit import alerts
from rempart.foundation.audit.alerts import Kind, State
from rempart.foundation.audit.models import Alert, Watched
from rempart.protection.accesses.services import agents_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One alert, the agent it is about, and who handled it."""

    alert: Alert
    agent: Agent | None
    handler: Agent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of alerts, newest first; `after` continues it. `counts`: alerts of each state."""

    shown: Sequence[Shown]
    after: str
    counts: Mapping[State, int]


def listed(*, actor: Actor, state: State | None, after: UUID | None = None) -> Listed:
    """Alerts of a state (of any, when none is named)."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        rows = alerts.alerts(state=state, after=after)
        counts = alerts.counts()
        agents = agents_of(row.actor for row in rows)
    page = rows[: alerts.PAGE]
    more = str(page[-1].id) if len(rows) > alerts.PAGE else ""
    return Listed(
        shown=[Shown(alert=row, agent=agents.get(row.actor)) for row in page], after=more, counts=counts
    )


def shown(*, actor: Actor, alert_id: UUID) -> Shown:
    """One alert. Raises NotAllowed when there is none of that key."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        try:
            found = alerts.alert(alert_id)
        except alerts.NoSuchAlert:
            raise NotAllowed("no such alert") from None
        agents = agents_of((found.actor, found.handled_by))
    return Shown(alert=found, agent=agents.get(found.actor), handler=agents.get(found.handled_by))


def handle(
    *, actor: Actor, alert_id: UUID, state: State, reason: str, seen_version: int, now: datetime
) -> None:
    """Note what became of an alert. Raises NotAllowed, StaleVersion, alerts.NoReason (a closed one says why)."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        try:
            alerts.handle(actor, alert_id, state=state, reason=reason, seen_version=seen_version, now=now)
        except alerts.NoSuchAlert:
            raise NotAllowed("no such alert") from None
        except alerts.Changed:
            raise StaleVersion from None


def watched(*, actor: Actor) -> Sequence[Watched]:
    """Whose files are watched now."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        return alerts.watched()


def watch(*, actor: Actor, person: UUID, kind: Kind, organisation: str, now: datetime) -> None:
    """Watch a person's file. Raises alerts.AlreadyWatched."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        alerts.watch(actor, person, kind=kind, organisation=organisation.strip(), now=now)


def unwatch(*, actor: Actor, line: UUID, now: datetime) -> None:
    """Watch it no longer."""
    require(actor, Right.AUDIT_ALERTS)
    with acting(actor):
        alerts.unwatch(actor, line, now=now)
