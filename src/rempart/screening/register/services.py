"""What a regional referent or the operator does with the register: fill it, correct it, move a laboratory on, and follow what
was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.lookups import establishments
from rempart.foundation.directories.models import Laboratory
from rempart.screening.desk.models import DailyIntake
from rempart.screening.register.models import Registered, Request, Trial
from rempart.screening.register.rules import Kind, Progress, State, progress

PAGE = 50
LONGEST = 500
"""Characters of a request."""

SHOWN = 20
"""Requests and days of one laboratory on its page."""

_PRIVATE = frozenset({"610", "611"})  # categories of FINESS: a laboratory of its own, not a hospital's
EDITED = (
    "name", "kind", "software", "vendor", "result_server", "contact_name", "contact_phone", "contact_email",
    "state", "planned_on", "blocked_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the register: its lines, how many open requests each has, and whether there are more."""

    rows: Sequence[Registered]
    requests: Mapping[str, int]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything about one laboratory."""

    row: Registered
    requests: Sequence[Request]
    trials: Sequence[Trial]
    first_day: date | None  # on which something of it was kept
    last_at: datetime | None


def overview(*, actor: Actor) -> dict[str, Progress]:
    """How far each department of the actor's perimeter is; one query, whatever the number of laboratories."""
    rows = _seen(actor).values("department", "state")
    rows = rows.annotate(count=Count("finess"), blocked=Count("finess", filter=~Q(blocked_by="")))
    counted: list[tuple[str, str, bool, int]] = []
    for row in rows:
        counted.append((row["department"], row["state"], True, row["blocked"]))
        counted.append((row["department"], row["state"], False, row["count"] - row["blocked"]))
    return progress(counted)


def listed(
    *, actor: Actor, state: State | None, departments: Sequence[str], blocked: bool, words: str, page: int
) -> Listed:
    """One page (from 0) of the register, those to call first; `departments`: of one region, or none for all."""
    rows = _seen(actor)
    if state is not None:
        rows = rows.filter(state=state)
    if departments:
        rows = rows.filter(department__in=departments)
    if blocked:
        rows = rows.exclude(blocked_by="")
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(finess__startswith=words.replace(" ", "").upper()))
    found = list(rows.order_by("department", "name", "finess")[page * PAGE : (page + 1) * PAGE + 1])
    waiting = (
        Request.objects.filter(finess__in=[row.finess for row in found[:PAGE]], closed_at=None)
        .values_list("finess")
        .annotate(count=Count("id"))
    )
    return Listed(rows=found[:PAGE], requests=dict(waiting), more=len(found) > PAGE)


def oldest_requests(*, actor: Actor) -> list[Request]:
    """What waits for an answer, longest first."""
    rows = Request.objects.filter(closed_at=None)
    return list(_within(actor, rows).order_by("opened_at")[:SHOWN])


def card(*, actor: Actor, finess: str) -> Card:
    """Raises NotAllowed for a laboratory that is not in sight."""
    row = _one(actor, finess)
    days = DailyIntake.objects.filter(laboratory=finess)
    return Card(
        row=row,
        requests=list(Request.objects.filter(finess=finess).order_by("closed_at", "-opened_at")[:SHOWN]),
        trials=list(Trial.objects.filter(finess=finess).order_by("-day")[:SHOWN]),
        first_day=days.order_by("day").values_list("day", flat=True).first(),
        last_at=days.order_by("-day").values_list("last_at", flat=True).first(),
    )


def complete(*, actor: Actor, now: datetime) -> int:
    """Put every laboratory of the directory that is missing into the register, to call; how many. Raises NotAllowed."""
    require(actor, Right.REGISTER_COMPLETE)
    known = set(Registered.objects.values_list("finess", flat=True))
    new = [one for one in Laboratory.objects.order_by("finess") if one.finess not in known]
    sites = establishments([one.finess for one in new])
    Registered.objects.bulk_create(
        [
            Registered(
                finess=one.finess,
                name=one.name,
                department=one.department,
                kind=_kind(sites[one.finess].category if one.finess in sites else ""),
                contact_phone=one.phone,
                state=State.TO_CALL,
                changed_at=now,
            )
            for one in new
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    record(actor, Act.REGISTER_COMPLETED, "register", now=now, found=len(new))
    return len(new)


def change(*, actor: Actor, finess: str, seen_version: int, values: Mapping[str, Any], now: datetime) -> None:
    """Correct what is known of a laboratory, or move it on. Raises NotAllowed, StaleVersion."""
    with transaction.atomic():
        row = _one(actor, finess, lock=True)
        if row.version != seen_version:
            raise StaleVersion
        before = row.state
        for name in EDITED:
            setattr(row, name, values[name])
        row.changed_at, row.changed_by, row.version = now, actor.agent, row.version + 1
        row.save()
        record(
            actor, Act.REGISTER_CHANGED, finess, now=now, laboratory=finess, before=before, state=row.state
        )  # fmt: skip


def ask(*, actor: Actor, finess: str, text: str, now: datetime) -> bool:
    """Note a request or a difficulty; False for one that is empty or too long. Raises NotAllowed."""
    row = _one(actor, finess)
    if not 0 < len(text) <= LONGEST:
        return False
    Request.objects.create(
        id=uuid7(), finess=finess, department=row.department, text=text, opened_at=now, opened_by=actor.agent
    )
    return True


def answer(*, actor: Actor, asked_id: UUID, text: str, now: datetime) -> str:
    """Close a request with what was done; the FINESS number of its laboratory. Twice is once. Raises NotAllowed."""
    with transaction.atomic():
        row = Request.objects.select_for_update().filter(pk=asked_id).first()
        if row is None:
            raise NotAllowed("no such request")
        _one(actor, row.finess)
        if row.closed_at is None:
            row.answer, row.closed_at, row.closed_by = text, now, actor.agent
            row.save(update_fields=["answer", "closed_at", "closed_by"])
    return row.finess


def _seen(actor: Actor) -> QuerySet[Registered]:
    return _within(actor, Registered.objects.all())


def _within(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows of the actor's departments; of the nation for whoever has it. Raises NotAllowed."""
    where = require(actor, Right.REGISTER_EDIT)
    return rows if where is Where.NATION else rows.filter(department__in=actor.departments)


def _one(actor: Actor, finess: str, *, lock: bool = False) -> Registered:
    rows = _seen(actor).filter(finess=finess)
    row = (rows.select_for_update() if lock else rows).first()
    if row is None:
        raise NotAllowed("no such laboratory")
    return row


def _kind(category: str) -> Kind:
    return Kind.HOSPITAL if category and category not in _PRIVATE else Kind.PRIVATE
