"""Working on a case: take it, note the call, hand it to a delegate and take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.audit.trail import Act, record
from rempart.tracing import rules
from rempart.tracing.models import Case

MOST_DELEGATES = 200
"""Delegates of a department that the choice shows."""


def visible(case_id: UUID, *, lock: bool = False) -> Case:
    """A case that the session may see. Raises NotAllowed where there is none, or none here."""
    cases = Case.objects.select_for_update() if lock else Case.objects.all()
    case = cases.filter(pk=case_id).first()
    if case is None:
        raise NotAllowed("no such case here")
    return case


def take_case(*, actor: Actor, case_id: UUID, seen_version: int, now: datetime) -> Case:
    """Put a waiting case into the actor's own hands.

    Raises NotAllowed outside the actor's departments, StaleVersion if somebody changed the case since
    the actor saw it, NotNow if it is not waiting.
    """
    step = partial(rules.take, by=UUID(actor.id), now=now)
    return _change(actor, Right.CASES_WORK, case_id, seen_version, step, Act.CASE_TAKEN, now)


def mark_called(*, actor: Actor, case_id: UUID, seen_version: int, now: datetime) -> Case:
    """Note that the person was reached. Raises as `take_case`; NotNow if it is not in the actor's hands."""
    step = partial(rules.called, by=UUID(actor.id), now=now)
    return _change(actor, Right.CASES_WORK, case_id, seen_version, step, Act.CASE_CALLED, now)


def delegates(*, actor: Actor, department: str) -> Sequence[Agent]:
    """Those to whom the actor may hand a case of this department: active, and opened for it."""
    require(actor, Right.CASES_HAND_OVER)
    if department not in actor.departments:
        return []
    found = Agent.objects.filter(is_active=True, role=Role.DELEGATE, departments__contains=[department])
    return list(found.order_by("organisation", "name")[:MOST_DELEGATES])


def hand_over(*, actor: Actor, case_id: UUID, seen_version: int, to: UUID, now: datetime) -> Case:
    """Hand a case to a delegate, who then sees it, and nothing else.

    Raises as `take_case`; NotAllowed too for whoever is no active delegate of the case's department; NotNow
    for a case in a colleague's hands, or that is done.
    """
    return _change(
        actor, Right.CASES_HAND_OVER, case_id, seen_version,
        partial(rules.hand_over, to=to, by=UUID(actor.id)), Act.CASE_HANDED_OVER, now, to=to,
    )  # fmt: skip


def take_back(*, actor: Actor, case_id: UUID, seen_version: int, now: datetime) -> Case:
    """End a delegate's sight of a case, which waits again unless he called. Raises as `take_case`."""
    return _change(
        actor, Right.CASES_HAND_OVER, case_id, seen_version, rules.take_back, Act.CASE_TAKEN_BACK, now
    )


def _change(
    actor: Actor,
    right: Right,
    case_id: UUID,
    seen_version: int,
    step: Callable[[rules.Hands], rules.Hands],
    act: Act,
    now: datetime,
    *,
    to: UUID | None = None,
) -> Case:
    require(actor, right)
    with acting(actor):
        case = visible(case_id, lock=True)
        if case.version != seen_version:
            raise StaleVersion
        if to is not None and to not in {
            agent.id for agent in delegates(actor=actor, department=case.department)
        }:
            raise NotAllowed("no delegate of this department")
        hands = step(
            rules.Hands(
                state=rules.State(case.state), taken_by=case.taken_by, taken_at=case.taken_at,
                called_at=case.called_at, handed_to=case.handed_to,
            )
        )  # fmt: skip
        case.state, case.taken_by, case.handed_to = hands.state.value, hands.taken_by, hands.handed_to
        case.taken_at, case.called_at = hands.taken_at, hands.called_at
        case.version += 1
        case.save(update_fields=["state", "taken_by", "taken_at", "called_at", "handed_to", "version"])
        details = {"agent": str(to)} if to else {}
        record(actor, act, str(case.id), now=now, person=case.person_id, **details)
    return case
