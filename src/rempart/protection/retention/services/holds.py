"""What a judge orders to be kept: sealed again under the order's last day, and out of everybody's sight once its
own day is past. It ends by itself: that day's key is destroyed like any other's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Max, QuerySet

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.retention import Kind, last_day, retention
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken, Sealer, unseal
from rempart.protection.retention import rules
from rempart.protection.retention.models import Hold
from rempart.protection.retention.parts import by_result
from rempart.screening.services import moving
from rempart.tracing.services import retention as tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One order, as the data-protection officer sees it; `reason` and `ordered_by` are empty when nobody can open them."""

    id: UUID
    person_id: UUID
    until: date
    made_at: datetime
    made_by: str
    lifted_at: datetime | None
    ordered_by: str
    reason: str
    ended: bool


def place(
    *, actor: Actor, person: UUID, until: date, ordered_by: str, reason: str, keyring: Keyring, now: datetime
) -> UUID:  # fmt: skip
    """Keep everything about a person until a day: results, identities and cases, at once. The order's key.

    Raises NotAHold for a day that is past or too far, NotAllowed without the right. What arrives of the
    person later is kept too, from the next daily run on.
    """
    require(actor, Right.RETENTION_MANAGE)
    key = uuid7()
    last = rules.hold_until(until, today=now.date())
    expires_on = retention(Kind.HOLD).last_day(last, today=last)
    said = json.dumps([ordered_by, reason], ensure_ascii=False).encode()
    with acting(actor) as cursor:
        Hold.objects.create(
            id=key,
            person_id=person,
            until=last,
            made_at=now,
            made_by=actor.id,
            sealed=Sealer(keyring, Purpose.REQUEST, expires_on).seal(said, context=key.bytes),
            expires_on=expires_on,
        )
        _settle(cursor, person, until=_until(person, now.date()), today=now.date(), keyring=keyring)
        record(actor, Act.HOLD_PLACED, str(key), now=now, person=person, until=last.isoformat())
    return key


def lift(*, actor: Actor, hold_id: UUID, keyring: Keyring, now: datetime) -> None:
    """End an order before its day: what is still within its own retention goes back under it, the rest goes
    with the next daily run. Raises NotAllowed when there is no such order under way."""
    require(actor, Right.RETENTION_MANAGE)
    today = now.date()
    with acting(actor) as cursor:
        hold = Hold.objects.select_for_update().filter(pk=hold_id, lifted_at=None, until__gte=today).first()
        if hold is None:
            raise NotAllowed("no such hold")
        Hold.objects.filter(pk=hold_id).update(lifted_at=now, lifted_by=actor.id)
        _settle(cursor, hold.person_id, until=_until(hold.person_id, today), today=today, keyring=keyring)
        record(actor, Act.HOLD_LIFTED, str(hold_id), now=now, person=hold.person_id)


def listed(*, actor: Actor, keyring: Keyring, now: datetime) -> Sequence[Held]:
    """Every order that is remembered, those under way first. Raises NotAllowed without the right."""
    require(actor, Right.RETENTION_MANAGE)
    with acting(actor):
        rows = list(Hold.objects.order_by("-until", "-id"))
    held = [_held(row, keyring=keyring, today=now.date()) for row in rows]
    return sorted(held, key=lambda one: one.ended)


def keep_held(actor: Actor, *, keyring: Keyring, today: date) -> Iterator[Mapping[str, int]]:
    """Keep what arrived since, and take out of sight what only the order still keeps; a person at a time."""
    with acting(actor):
        persons = held_persons(today)
    for person in persons:
        with acting(actor) as cursor:
            until = _until(person, today)
            changed = _settle(cursor, person, until=until, today=today, keyring=keyring) if until else 0
        yield {"held": changed}


def held_persons(today: date) -> list[UUID]:
    """The persons for whom an order is under way; in a transaction that sees the nation."""
    return list(_under_way(today).values_list("person_id", flat=True).distinct())


def _under_way(today: date) -> QuerySet[Hold]:
    return Hold.objects.filter(lifted_at=None, until__gte=today)


def _until(person: UUID, today: date) -> date | None:
    """The last day of the longest order about a person that is under way."""
    found: date | None = _under_way(today).filter(person_id=person).aggregate(last=Max("until"))["last"]
    return found


def _settle(cursor: CursorWrapper, person: UUID, *, until: date | None, today: date, keyring: Keyring) -> int:
    """Keep each result of a person until its own day or the order's, whichever is later."""
    kept = moving.of_person(cursor, person)
    natural = {
        (one.month, one.id): last_day(one.received_on, by_result()[one.pathogen][one.result], today=today)
        for one in kept
    }
    wanted = {key: max(own, until or own) for key, own in natural.items()}
    moves = {
        (one.month, one.id): wanted[one.month, one.id]
        for one in kept
        if one.expires_on != wanted[one.month, one.id]
    }
    moved = moving.move(cursor, moves, persons=[person], keyring=keyring, today=today, accesses=False)
    moving.hide(cursor, [key for key, own in natural.items() if own < today])
    tracing.follow_results(cursor, [person])
    return moved


def _held(row: Hold, *, keyring: Keyring, today: date) -> Held:
    try:
        said = unseal(keyring, bytes(row.sealed), purpose=Purpose.REQUEST, context=row.id.bytes)
        ordered_by, reason = json.loads(said)
    except (KeyDestroyed, SealBroken):
        ordered_by = reason = ""
    return Held(
        id=row.id,
        person_id=row.person_id,
        until=row.until,
        made_at=row.made_at,
        made_by=row.made_by,
        lifted_at=row.lifted_at,
        ordered_by=ordered_by,
        reason=reason,
        ended=row.lifted_at is not None or row.until < today,
    )
