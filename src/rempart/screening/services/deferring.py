"""Deliveries whose senders do not wait: taken at once, kept by the worker in the order in which they came.

The bytes are sealed in a row until they are kept; the row then holds the answer, for some days. Whoever works on them
may be killed at any moment: the next one begins the same delivery again, and what was kept of it is recognised.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import Error, close_old_connections
from django.db.models import F

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.access.models import machine_at
from rempart.foundation.database.bulk import binary_cursor
from rempart.foundation.database.keys import uuid7
from rempart.foundation.events import bell
from rempart.foundation.identifiers import finess
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import KeyProviderError, Keyring, Sealer, unseal
from rempart.foundation.vault import Purpose as Sealed
from rempart.screening.models import Deferred
from rempart.screening.rules.answer import Language
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Format
from rempart.screening.services.gathering import Full
from rempart.screening.services.intake import Answered, Intake, answer_of, bounded
from rempart.screening.services.prepared import Delivery
from rempart.screening.services.store import Conflict

MOST_WAITING = 20
"""Deliveries of one laboratory that wait at once."""

TRIES = 5
"""How often the work on a delivery is begun before it counts as failed: each time but the last, it ended early."""

_PATIENCE = 1.0  # seconds after which one looks by himself, though nobody rang
_ANSWER = b"answer"
_TAKE = """
    INSERT INTO screening_deferred (id, laboratory, department, key, origin, received_at, format, language, size, sealed,
                                    expires_on, tries, failed)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, false)"""

_log = logging.getLogger(__name__)
_bell = bell.Bell("rempart_deferred")


class State(StrEnum):
    """Where a deferred delivery stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a deferred delivery. `answer`: as of one that was waited for, once it is done."""

    id: UUID
    state: State
    received_at: datetime
    answer: Mapping[str, Any] = field(default_factory=dict)


def defer(
    payload: bytes, *, format: Format, language: Language, actor: Actor, keyring: Keyring, now: datetime
) -> UUID:
    """Take a delivery to be kept later; its number. It is on disk when this returns.

    Raises Full when too many of the laboratory wait already.
    """
    number, today = uuid7(), now.date()
    until = retention(Kind.DEFERRED).last_day(today, today=today)
    sealed = Sealer(keyring, Sealed.DELIVERY, until).seal(payload, context=number.bytes)
    row = (
        number, actor.laboratory, finess.parse(actor.laboratory).department, actor.id, actor.origin, now,
        format.value, language.value, len(payload), sealed, until,
    )  # fmt: skip
    with acting(actor) as cursor:
        if Deferred.objects.filter(laboratory=actor.laboratory, done_at=None).count() >= MOST_WAITING:
            raise Full
        binary_cursor(cursor.connection).execute(
            _TAKE, row
        )  # Django's cursors write bytes as text, twice as long
    _bell.ring()
    return number


def standing(delivery_id: UUID, *, actor: Actor, keyring: Keyring) -> Standing:
    """Where a delivery of the actor's laboratory stands. Raises Refused for any other number."""
    with acting(actor):
        row = Deferred.objects.defer("sealed").filter(id=delivery_id, laboratory=actor.laboratory).first()
    if row is None:
        raise Refused("delivery-unknown")
    answer: Mapping[str, Any] = {}
    if row.answer is not None:
        opened = unseal(keyring, bytes(row.answer), purpose=Sealed.DELIVERY, context=_ANSWER + row.id.bytes)
        answer = orjson.loads(opened)
    state = State.WAITING if row.done_at is None else State.FAILED if row.failed else State.DONE
    return Standing(id=row.id, state=state, received_at=row.received_at, answer=answer)


def work(*, intake: Intake, now: datetime) -> bool:
    """Keep the delivery that has waited longest; False when none waits. One at a time may work.

    Raises what the database or the key store raises when they are not there: the delivery waits on.
    """
    row = _begin()
    if row is None:
        return False
    if row.tries > TRIES:
        _log.error("the deferred delivery %s of %s failed %d times", row.id, row.laboratory, TRIES)
        _end(row, {}, keyring=intake.keyring, now=now, failed=True)
        return True
    try:
        answer = _kept(row, intake)
    except Refused as refused:
        answer = {"problem": refused.refusal.problem(Language(row.language))}
    except (Error, psycopg.Error, Conflict, KeyProviderError):
        raise
    except Exception as error:
        _log.error("the deferred delivery %s failed (%s)", row.id, type(error).__name__)
        return True
    _end(row, answer, keyring=intake.keyring, now=now, failed="problem" in answer)
    return True


def run(stop: threading.Event, *, intake: Intake) -> None:
    """Keep what waits until told to stop, alone among all processes. A database that goes away is waited for."""
    while not stop.is_set():
        try:
            with bell.connect("rempart deferred") as own:
                own.execute(f"LISTEN {_bell.channel}")
                is_alone = False
                while not stop.is_set():
                    is_alone = is_alone or _alone(own)
                    while is_alone and not stop.is_set() and work(intake=intake, now=datetime.now(UTC)):
                        pass
                    for _ in own.notifies(timeout=_PATIENCE, stop_after=1):
                        pass
        except (Error, psycopg.Error, Conflict, KeyProviderError) as error:
            _log.warning("deferred deliveries wait (%s)", type(error).__name__)
            close_old_connections()
            stop.wait(1.0)


def _alone(connection: psycopg.Connection[Any]) -> bool:
    """Whether nobody else works; holds for as long as this connection, however its process ends."""
    row = connection.execute("SELECT pg_try_advisory_lock(hashtext('rempart.deferred'))").fetchone()
    return bool(row and row[0])


def _begin() -> Deferred | None:
    with acting(system(Purpose.INTAKE)):
        row = Deferred.objects.filter(done_at=None).order_by("id").first()
        if row is not None:
            Deferred.objects.filter(id=row.id).update(tries=F("tries") + 1)
            row.tries += 1
        return row


def _kept(row: Deferred, intake: Intake) -> dict[str, Any]:
    payload = unseal(intake.keyring, bytes(row.sealed or b""), purpose=Sealed.DELIVERY, context=row.id.bytes)
    actor = replace(machine_at(row.laboratory), id=row.key, origin=row.origin)
    delivery = Delivery(
        id=row.id,
        channel="https",
        laboratory=row.laboratory,
        size=row.size,
        digest=hashlib.sha256(payload).digest(),
        received_at=row.received_at,
    )
    judged = bounded(intake.read(payload, format=Format(row.format), delivery=delivery))
    answered = [one for batch in intake.keep(judged, actor=actor) for one in batch]
    return answer_of(list(_as_at_first(answered, row.id)), language=Language(row.language))


def _as_at_first(answered: Sequence[Answered], delivery_id: UUID) -> Iterator[Answered]:
    """What an earlier try kept of this very delivery is no repeat; what stands in it twice is."""
    seen: set[bytes] = set()
    for one in answered:
        digest = hashlib.sha256(one.item.raw).digest()
        own = one.kept.delivery_id == delivery_id and digest not in seen
        seen.add(digest)
        yield replace(one, kept=replace(one.kept, repeated=False)) if own else one


def _end(row: Deferred, answer: Mapping[str, Any], *, keyring: Keyring, now: datetime, failed: bool) -> None:
    """Keep the answer in the place of the delivery."""
    sealer = Sealer(keyring, Sealed.DELIVERY, row.expires_on)
    sealed = sealer.seal(orjson.dumps(answer), context=_ANSWER + row.id.bytes)
    with acting(system(Purpose.INTAKE)):
        Deferred.objects.filter(id=row.id).update(sealed=None, answer=sealed, done_at=now, failed=failed)
