"""Receiving: a batch of judged messages becomes results, versions and events, in one transaction.

Only when it has returned may the sender be told: everything it answers for is on disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
from django.db import transaction
from psycopg import Connection, Pipeline

from rempart.foundation.access.actor import Actor, acting
from rempart.foundation.audit.trail import About, Act, record_each
from rempart.foundation.database.bulk import binary_cursor
from rempart.foundation.events import bell
from rempart.foundation.events.stream import publish
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.rules import keeping
from rempart.screening.rules.catalogue import finding, place
from rempart.screening.rules.report import Finding, Outcome
from rempart.screening.sampling.services.completing import completed
from rempart.screening.services import store
from rempart.screening.services.keep_people import Owners
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import VALUE_COLUMNS, Judged, PreparedMessage, PreparedResult

RESULTS = "screening.results"
"""Topic: messages were kept. Payload: `results` [[month, id], …] of the versions kept; `messages` {FINESS: [accepted,
held, rejected]}; `refused` [[month, delivery, position, FINESS], …] of those held or rejected; `replaced` [[delivery,
position], …] of refused ones whose place a better one took. Messages whose laboratory is not known are nobody's."""

BATCH = 1000
"""Messages in one transaction: a fraction of a second."""

_DEPARTMENT, _EXPIRES_ON = (VALUE_COLUMNS.index(name) for name in ("department", "expires_on"))

_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}

_TRIES = 50
"""Each conflict means that another batch was kept meanwhile: as many tries as batches may cross at once."""


_ONE_ACTOR: Mapping[UUID, Actor] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of one message: the delivery that holds it, and what its sender should know."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    delivery_id: UUID
    repeated: bool = False


def receive(
    batch: Sequence[Judged],
    *,
    actor: Actor,
    keyring: Keyring,
    pathogen: Pathogen,
    now: datetime,
) -> list[Kept]:
    """Complete, prepare and keep a batch of judged messages; see `completed` and `keep`."""
    preparer = Preparer(keyring=keyring, pathogen=pathogen, now=now)
    whole = completed(batch, keyring=keyring, pathogen=pathogen, now=now)
    prepared = [preparer.message(judged, speaks_for=actor.laboratory) for judged in whole]
    return keep(prepared, actor=actor, now=now)


def keep(
    batch: Sequence[PreparedMessage],
    *,
    actor: Actor,
    now: datetime,
    brought_by: Mapping[UUID, Actor] = _ONE_ACTOR,
) -> list[Kept]:
    """Keep a batch (at most BATCH messages) of one or many deliveries; one answer per message, in order.

    `brought_by`: who brought a delivery, by its id, where the trail shall name somebody else than the actor.
    Durable when it returns. Safe to call again with the same messages at any moment, after any crash: what was
    kept is recognised. Raises the driver's or Django's OperationalError when PostgreSQL is not there: nothing of
    the batch was kept then.
    """
    store.ensure_months(transaction.get_connection().settings_dict["NAME"], now.date())
    for attempt in range(1, _TRIES + 1):
        try:
            with store.conflicts(), _pipeline() as pipeline, acting(actor) as cursor, _settled(pipeline):
                intake = _Intake(cursor.connection, batch=batch, now=now)
                kept = intake.keep()
                record_each(actor, Act.DELIVERY_RECEIVED, intake.brought(brought_by), now=now)
                transaction.on_commit(bell.events.ring)
            return kept
        except store.Conflict:
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


@contextmanager
def _pipeline() -> Iterator[Pipeline]:
    """Statements of the block do not wait for each other's answers, but where one is read."""
    django = transaction.get_connection()
    django.ensure_connection()
    with django.connection.pipeline() as pipeline:
        yield pipeline


@contextmanager
def _settled(pipeline: Pipeline) -> Iterator[None]:
    """Every answer is read before Django commits or rolls back: it knows nothing of pipelines, and would give back to
    its pool a connection in the middle of one."""
    try:
        yield
        pipeline.sync()
    except BaseException:
        with suppress(psycopg.Error):
            pipeline.sync()
        raise


class _Intake:
    """The rows that one transaction writes, gathered message by message, then written table by table."""

    def __init__(
        self, connection: Connection[Any], *, batch: Sequence[PreparedMessage], now: datetime
    ) -> None:
        self._connection, self._cursor = connection, binary_cursor(connection)
        self._batch = batch
        self._now = now
        self._month = now.date().replace(day=1)
        self._deliveries: dict[UUID, tuple[Any, ...]] = {}
        self._messages: list[tuple[Any, ...]] = []
        self._message_ledger: dict[bytes, tuple[Any, ...]] = {}
        self._replaced: list[bytes] = []
        self._results: dict[UUID, tuple[Any, ...]] = {}
        self._first: dict[bytes, store.LedgerRow] = {}
        self._moved: dict[bytes, store.LedgerRow] = {}
        self._superseded: list[keeping.Version] = []
        self._told: dict[int, list[Finding]] = {}
        self._by_laboratory: dict[str, list[int]] = {}
        self._refused: list[tuple[str, str, int, str]] = []
        self._outdone: list[tuple[str, int]] = []
        self._documents: list[tuple[Any, ...]] = []

    def keep(self) -> list[Kept]:
        ask, results = self._connection, [result for message in self._batch for result in message.results]
        messages = store.earlier_messages(ask, {key for message in self._batch for key in message.keys})
        currents = store.current_versions(ask, {key for result in results for key in result.ledger_keys})
        people = Owners(ask, [result.identity for result in results])
        met, versions = self._meet(messages()), currents()
        everything = [
            (rank, result)
            for rank, (message, (_, action)) in enumerate(zip(self._batch, met, strict=True))
            if action in (keeping.Message.NEW, keeping.Message.REPLACES)
            for result in message.results
        ]
        wanted = [result for rank, result in everything if self._decide(rank, result, versions)]
        owners = people.of(self._cursor, [result.identity for result in wanted], now=self._now)
        for result in wanted:
            self._result_row(result, owners[result.identity.whole])
        kept = [
            self._message_row(message, action, self._told.get(rank, []), earlier)
            for rank, (message, (earlier, action)) in enumerate(zip(self._batch, met, strict=True))
        ]
        self._write()
        return kept

    def brought(self, by: Mapping[UUID, Actor]) -> list[About]:
        """What the audit says of each delivery of the batch."""
        messages = Counter([row[0] for row in self._messages])
        results = Counter([row[5] for row in self._results.values()])
        return [
            About(
                subject=str(id),
                details={"channel": row[2], "messages": messages[id], "results": results[id]},
                by=by.get(id),
            )
            for id, row in self._deliveries.items()
        ]

    # What came before

    def _meet(
        self, known: dict[bytes, keeping.Earlier]
    ) -> list[tuple[keeping.Earlier | None, keeping.Message]]:
        """What each message is to what came before it, in the store or in this very batch."""
        return [self._meet_one(rank, message, known) for rank, message in enumerate(self._batch)]

    def _meet_one(
        self, rank: int, message: PreparedMessage, known: dict[bytes, keeping.Earlier]
    ) -> tuple[keeping.Earlier | None, keeping.Message]:
        """The same for one message; `known` learns it for those that follow."""
        keys, outcome = message.keys, message.outcome
        earlier = next((known[key] for key in keys if key in known), None)
        action = keeping.meet(bodies=message.bodies, outcome=outcome, earlier=earlier)
        if action is keeping.Message.CLASH:
            self._tell(rank, finding("H02", "reused", place("control_id", message.format.value) or "message"))
            keys, outcome = message.own_keys(), Outcome.REJECTED
            known |= store.earlier_messages(self._connection, keys)()
            earlier = next((known[key] for key in keys if key in known), None)
            action = keeping.Message.CLASH if earlier is None else keeping.Message.AGAIN
        if action is not keeping.Message.AGAIN:
            if action is keeping.Message.REPLACES:
                self._replaced += [key for key in keys if key in known]
                if earlier is not None:
                    self._outdone.append((str(earlier.delivery_id), earlier.position))
            position, delivery_id, body = message.position, message.delivery.id, message.bodies[0]
            known[keys[0]] = keeping.Earlier(
                body=body, outcome=outcome, delivery_id=delivery_id, position=position
            )
            self._message_ledger[keys[0]] = (keys[0], body, delivery_id, position)
        return earlier, action

    def _tell(self, rank: int, said: Finding) -> None:
        """What the sender of a message should know beside what the rules said."""
        self._told.setdefault(rank, []).append(said)

    # Results

    def _decide(self, rank: int, result: PreparedResult, versions: dict[bytes, keeping.Version]) -> bool:
        """Whether a result is to be kept; gathers its ledger row and what its sender should know."""
        known_key = next((key for key in result.ledger_keys if key in versions), None)
        current = versions[known_key] if known_key is not None else None
        decision = keeping.decide(status=result.status, contents=result.contents, current=current)
        if decision.finding:
            self._tell(rank, finding(*decision.finding, result.location))
        if decision.keep in (keeping.Keep.REPEAT, keeping.Keep.NOTHING):
            return False
        key = known_key or result.ledger_keys[0]  # a result keeps its first key through all its versions
        said = (*(current.contents if current else ()), result.contents[0])
        row = (key, b"".join(said), self._month, result.id, decision.number)
        if current is None:
            self._first[key] = row
        else:
            self._supersede(current)
            (self._first if key in self._first else self._moved)[key] = row
        retracted = decision.keep is keeping.Keep.RETRACTION
        self._results[result.id] = (
            result.id, key, decision.number, not retracted, retracted, self._batch[rank].delivery.id,
        )  # fmt: skip
        versions[key] = keeping.Version(
            contents=said, month=self._month, result_id=result.id, number=decision.number
        )
        return True

    def _supersede(self, version: keeping.Version) -> None:
        """A version of this very batch is written as no longer current; an older one is updated."""
        row = self._results.get(version.result_id)
        if row is None:
            self._superseded.append(version)
        else:
            self._results[version.result_id] = (*row[:3], False, *row[4:])

    def _result_row(self, result: PreparedResult, owner: tuple[UUID, UUID]) -> None:
        identity, person = owner
        self._results[result.id] = (*self._results[result.id], person, identity, *result.values)
        if result.documents:
            self._document_rows(result, person)

    def _document_rows(self, result: PreparedResult, person: UUID) -> None:
        """The attached reports of a result: in its department, until its day."""
        department, until = result.values[_DEPARTMENT], result.values[_EXPIRES_ON]
        self._documents += [
            (one.id, result.id, person, department, rank, one.media_type, one.size, until, one.sealed)
            for rank, one in enumerate(result.documents, 1)
        ]

    # Messages

    def _message_row(
        self,
        message: PreparedMessage,
        action: keeping.Message,
        told: list[Finding],
        earlier: keeping.Earlier | None,
    ) -> Kept:
        delivery, outcome = message.delivery, message.outcome
        findings = (*message.findings, *told)
        if action is keeping.Message.AGAIN and earlier is not None:
            return Kept(
                outcome=earlier.outcome, findings=findings, delivery_id=earlier.delivery_id, repeated=True
            )
        ledger_key = message.keys[0]
        if action is keeping.Message.CLASH:
            outcome, ledger_key = Outcome.REJECTED, message.own_keys()[0]
        refused = outcome is not Outcome.ACCEPTED
        self._count(message, outcome)
        self._messages.append(
            (
                delivery.id, message.position, message.department, message.format.value, outcome.value,
                [[f.code, f.severity.value, f.location] for f in findings] if findings else None,
                message.seal() if refused else None,
                message.sealed_until if refused else None,
                ledger_key if refused else None,
            )
        )  # fmt: skip
        self._deliveries[delivery.id] = (
            delivery.id, delivery.received_at, delivery.channel, delivery.laboratory, delivery.size,
            delivery.digest,
        )  # fmt: skip
        return Kept(outcome=outcome, findings=findings, delivery_id=delivery.id)

    def _count(self, message: PreparedMessage, outcome: Outcome) -> None:
        """What the event says of a message to the desk of its laboratory."""
        if not message.laboratory:
            return
        counted = self._by_laboratory.setdefault(message.laboratory, [0, 0, 0])
        counted[_RANKS[outcome]] += 1
        if outcome is not Outcome.ACCEPTED:
            place = (str(self._month), str(message.delivery.id), message.position, message.laboratory)
            self._refused.append(place)

    def _write(self) -> None:
        cursor = self._cursor
        store.add_deliveries(cursor, list(self._deliveries.values()))
        store.forget_messages(cursor, self._replaced)
        store.add_messages(cursor, self._messages, self._message_ledger.values(), month=self._month)
        store.add_to_ledger(cursor, self._first.values())
        store.move_ledger(cursor, self._moved.values())
        store.supersede(cursor, self._superseded)
        store.add_results(cursor, list(self._results.values()), month=self._month, now=self._now)
        store.add_documents(cursor, self._documents, month=self._month)
        if self._results or self._by_laboratory:
            month = str(self._month)
            payload = {
                "results": [[month, id] for id in self._results],
                "messages": self._by_laboratory,
                "refused": self._refused,
                "replaced": self._outdone,
            }
            publish(cursor, topic=RESULTS, payload=payload, now=self._now)
