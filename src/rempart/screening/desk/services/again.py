"""Judging refused messages again, by the road that every message takes: after a table changed, no laboratory has to
send them a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.vault import KeyDestroyed, SealBroken
from rempart.screening.desk.models import RefusedMessage
from rempart.screening.desk.rules import State
from rempart.screening.desk.services.within import own_message, within
from rempart.screening.rules.report import Format, Outcome
from rempart.screening.services.intake import Intake
from rempart.screening.services.prepared import Delivery, Judged
from rempart.screening.services.refused import bytes_of

AT_ONCE = 200
"""Messages judged in one go: a fraction of a second."""

CHANNEL = "again"


def ask_for(laboratory: str, *, codes: Iterable[str], now: datetime) -> int:
    """Put the open messages of a laboratory that were refused for one of these codes before the worker; how many.

    In the caller's transaction, for an actor whom the caller let do it.
    """
    found = RefusedMessage.objects.filter(
        laboratory=laboratory, state=State.OPEN.value, codes__overlap=list(codes), again_at__isnull=True
    )
    return found.update(again_at=now)


def ask(*, actor: Actor, laboratory: str, code: str, now: datetime) -> int:
    """The same for a group on the desk, at the actor's wish. Raises NotAllowed."""
    within(actor, Right.DESK_USE, laboratory)
    with transaction.atomic():
        asked = ask_for(laboratory, codes=[code], now=now)
        record(
            actor, Act.MESSAGES_JUDGED_AGAIN, laboratory, now=now, laboratory=laboratory, codes=[code],
            messages=asked,
        )  # fmt: skip
    return asked


def judge_one(*, actor: Actor, message_id: UUID, intake: Intake, now: datetime) -> Outcome | None:
    """Judge one message again, at once; what became of it, None when it can be read no more. Raises NotAllowed."""
    row = own_message(actor, Right.DESK_USE, message_id)
    if row.state != State.OPEN.value:
        return Outcome.ACCEPTED if row.state == State.REPLACED.value else None
    with transaction.atomic():
        record(
            actor, Act.MESSAGES_JUDGED_AGAIN, str(row.id), now=now, laboratory=row.laboratory, codes=row.codes,
            messages=1,
        )  # fmt: skip
    return _judge([row], intake=intake, now=now).get(row.id)


def judge_waiting(*, intake: Intake, now: datetime) -> int:
    """Judge the messages that wait longest, AT_ONCE at most; how many were looked at.

    It may be killed anywhere and run twice at once: a message that was kept is recognised.
    """
    waiting = RefusedMessage.objects.filter(again_at__isnull=False).order_by("again_at", "id")
    rows = list(waiting[:AT_ONCE])
    if rows:
        _judge(rows, intake=intake, now=now)
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A refused message, and the bytes that were kept of it."""

    row: RefusedMessage
    brought_by: str  # the laboratory whose key brought it; empty: an operator's file
    raw: bytes


def _judge(rows: Sequence[RefusedMessage], *, intake: Intake, now: datetime) -> dict[UUID, Outcome]:
    """What becomes of messages; those that are judged better are closed here, before the event says so."""
    intake.table.refresh(now=now, at_once=True)
    outcomes: dict[UUID, Outcome] = {}
    by_sender: dict[str, list[_Kept]] = {}
    for kept in _read(rows, intake=intake):
        by_sender.setdefault(kept.brought_by, []).append(kept)
    for brought_by, several in by_sender.items():
        outcomes |= _judge_of(brought_by, several, intake=intake, now=now)
    better = [row.id for row in rows if outcomes.get(row.id, row.outcome) != row.outcome]
    with transaction.atomic():
        every = RefusedMessage.objects.filter(id__in=[row.id for row in rows])
        every.filter(id__in=better, state=State.OPEN.value).update(state=State.REPLACED.value, closed_at=now)
        every.update(again_at=None)
    return outcomes


def _judge_of(
    brought_by: str, several: Sequence[_Kept], *, intake: Intake, now: datetime
) -> dict[UUID, Outcome]:
    """The same for what one sender brought: one delivery, which may speak for whom the first could."""
    content = hashlib.sha256(b"".join(kept.raw for kept in several)).digest()
    size = sum(len(kept.raw) for kept in several)
    delivery = Delivery(channel=CHANNEL, laboratory=brought_by, size=size, digest=content, received_at=now)
    judged: list[Judged] = []
    keys: list[UUID] = []
    for kept in several:
        read = list(intake.read(kept.raw, delivery=delivery, format=Format(kept.row.format)))
        if len(read) == 1:  # a message is one; damage may have made none or two of it
            item = replace(read[0].item, raw=kept.raw, position=len(judged))
            judged.append(replace(read[0], item=item))
            keys.append(kept.row.id)
    actor = replace(system(Purpose.INTAKE), laboratory=brought_by)
    answered = [one for batch in intake.keep(judged, actor=actor) for one in batch]
    return {key: one.kept.outcome for key, one in zip(keys, answered, strict=True)}


_SEALED = """
    SELECT m.delivery_id, m.position, d.laboratory, m.sealed
    FROM unnest(%s::date[], %s::uuid[], %s::int[]) AS a (month, delivery_id, position)
    JOIN screening_message m USING (month, delivery_id, position)
    JOIN screening_delivery d ON d.id = m.delivery_id
    WHERE m.sealed IS NOT NULL"""


def _read(rows: Sequence[RefusedMessage], *, intake: Intake) -> list[_Kept]:
    """The messages whose bytes can still be read."""
    places = [(row.month, row.delivery_id, row.position) for row in rows]
    with acting(system(Purpose.INTAKE)) as cursor:
        cursor.execute(_SEALED, list(map(list, zip(*places, strict=True))))
        sealed = {
            (delivery, position): (lab, bytes(seal)) for delivery, position, lab, seal in cursor.fetchall()
        }
    found: list[_Kept] = []
    for row in rows:
        brought_by, seal = sealed.get((row.delivery_id, row.position), ("", b""))
        try:
            raw = bytes_of(seal, delivery_id=row.delivery_id, position=row.position, keyring=intake.keyring)
        except (KeyDestroyed, SealBroken):  # its day is over, or it is not there any more
            continue
        found.append(_Kept(row, brought_by, raw))
    return found
