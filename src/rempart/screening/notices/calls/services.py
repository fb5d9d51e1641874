"""What a laboratory does with its list of calls: look at it, say who was told, say that nobody answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, look, naming, require
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people.identities import read_identities
from rempart.foundation.vault import Keyring
from rempart.screening.models import TestResult
from rempart.screening.notices.calls.keeping import State
from rempart.screening.notices.models import Call
from rempart.screening.notices.services import contact
from rempart.screening.services.moving import OUT_OF_SIGHT

MOST = 50
"""Calls on a page: those that wait longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCall:
    """One person to telephone. `numbers`: landline first; empty once the day of her contact details has passed."""

    id: UUID
    version: int
    why: str
    tries: int
    opened_at: datetime
    last_at: datetime | None
    name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    record_number: str = field(repr=False)
    sampled_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The calls of a laboratory, and how many there are in all."""

    calls: Sequence[ToCall]
    waiting: int


def listed(*, actor: Actor, keyring: Keyring, now: datetime) -> Listed:
    """Whom the actor's laboratory is to telephone, longest waiting first, those who did not answer last. Raises
    NotAllowed."""
    laboratory = _laboratory(actor)
    with acting(actor) as cursor:
        waiting = Call.objects.filter(laboratory=laboratory, state=State.WAITING)
        count = waiting.count()
        rows = list(waiting.order_by("tries", "opened_at", "id")[:MOST])
        look(
            cursor,
            naming(
                actor,
                persons=tuple(row.person_id for row in rows),
                identities=tuple(row.identity_id for row in rows),
            ),
        )
        identities = read_identities([row.identity_id for row in rows], keyring=keyring)
        results = {
            one.id: one
            for one in TestResult.objects.filter(
                month__in={row.month for row in rows}, id__in=[row.result_id for row in rows], current=True
            ).exclude(department=OUT_OF_SIGHT)
        }
        record(actor, Act.CALLS_LISTED, "calls", now=now, found=len(rows))
    found = []
    for row in rows:
        identity, result = identities.get(row.identity_id), results.get(row.result_id)
        if identity is None or result is None:
            continue
        details = contact(keyring, bytes(result.sealed), result.id.bytes) or {}
        found.append(
            ToCall(
                id=row.id,
                version=row.version,
                why=row.why,
                tries=row.tries,
                opened_at=row.opened_at,
                last_at=row.last_at,
                name=identity.display_name,
                birth_date=identity.birth_date,
                numbers=tuple(
                    dict.fromkeys(filter(None, (details.get("phone", ""), details.get("mobile", ""))))
                ),
                record_number=details.get("record", ""),
                sampled_on=result.sampled_on,
            )
        )
    return Listed(calls=found, waiting=count)


def note(*, actor: Actor, call_id: UUID, seen_version: int, told: bool, now: datetime) -> None:
    """Say that a person was told, or that nobody answered. Raises NotAllowed, StaleVersion when the call changed since
    it was shown: the result may have been corrected meanwhile."""
    laboratory = _laboratory(actor)
    with acting(actor):
        row = Call.objects.select_for_update().filter(id=call_id, laboratory=laboratory).first()
        if row is None:
            raise NotAllowed("no such call")
        if row.version != seen_version or row.state != State.WAITING:
            raise StaleVersion
        row.state = State.TOLD if told else State.WAITING
        row.tries, row.last_at, row.version = row.tries + 1, now, row.version + 1
        row.save(update_fields=["state", "tries", "last_at", "version"])
        record(actor, Act.CALL_NOTED, str(row.id), now=now, person=row.person_id, told=told, tries=row.tries)


def _laboratory(actor: Actor) -> str:
    require(actor, Right.CALLS_MAKE)
    if not actor.laboratory:
        raise NotAllowed("no laboratory")
    return actor.laboratory
