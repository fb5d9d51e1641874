"""Receiving: a batch of judged messages becomes results, versions and events, in one transaction.

Only when it has returned may the sender be told: everything it answers for is on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from psycopg import Cursor
from psycopg.errors import DeadlockDetected
from psycopg.types.json import Jsonb

from rempart.foundation.access.actor import Actor, acting
from rempart.foundation.database.bulk import binary_cursor
from rempart.foundation.database.keys import uuid7, uuid7s
from rempart.foundation.events import bell
from rempart.foundation.events.stream import publish
from rempart.foundation.identifiers import finess
from rempart.foundation.people.rules import Assignment, Keys, Known, resolve
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring, Purpose
from rempart.screening.rules import keeping
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Item, Outcome
from rempart.screening.services import store
from rempart.screening.services.prepare import PreparedIdentity, PreparedResult, Preparer

RESULTS = "screening.results"
"""Topic: result versions were kept; payload {"results": [[month, id], …]}."""

BATCH = 1000
"""Messages in one transaction: a fraction of a second."""

_TRIES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that was brought, of which batches are parts."""

    id: UUID = field(default_factory=uuid7)
    channel: str
    laboratory: str
    size: int
    digest: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message, read and judged, and the delivery that brought it."""

    item: Item
    judgement: Judgement
    delivery: Delivery


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
    """Keep a batch (at most BATCH messages) of one or many deliveries; one answer per message, in order.

    Durable when it returns. Safe to call again with the same messages at any moment, after any crash:
    what was kept is recognised. Raises the driver's or Django's
    OperationalError when PostgreSQL is not there: nothing of the batch was kept then.
    """
    preparer = Preparer(keyring=keyring, pathogen=pathogen, now=now)
    spoken = [_only_its_own(judged, actor) for judged in batch]
    prepared = [
        preparer.results(judged.item.reports, position=rank)
        if judged.judgement.outcome is Outcome.ACCEPTED
        else []
        for rank, judged in enumerate(spoken)
    ]
    store.ensure_months(transaction.get_connection().settings_dict["NAME"], now.date())
    for attempt in range(1, _TRIES + 1):
        try:
            with acting(actor) as cursor:
                intake = _Intake(binary_cursor(cursor.connection), batch=spoken, preparer=preparer, now=now)
                kept = intake.keep(prepared)
                transaction.on_commit(bell.events.ring)
            return kept
        except (store.Conflict, DeadlockDetected):
            if attempt == _TRIES:
                raise
    raise AssertionError("unreachable")


def _only_its_own(judged: Judged, actor: Actor) -> Judged:
    """A laboratory's machine speaks for its own FINESS number only (L04)."""
    if not actor.laboratory:
        return judged
    foreign = next(
        (r for r in judged.item.reports if finess.normalise(r.laboratory.finess) != actor.laboratory), None
    )
    if foreign is None:
        return judged
    refused = finding("L04", "not_its_own", foreign.location)
    judgement = replace(
        judged.judgement, outcome=Outcome.REJECTED, findings=(*judged.judgement.findings, refused)
    )
    return replace(judged, judgement=judgement)


def _sender(judged: Judged) -> str:
    """Whose control ids a message's is one of: the laboratory of the key, and who the message says it is
    where that is somebody else."""
    brought_by, says = judged.delivery.laboratory, judged.item.sender
    return says if not brought_by or finess.normalise(says) == brought_by else f"{brought_by}|{says}"


class _Intake:
    """The rows that one transaction writes, gathered message by message, then written table by table."""

    def __init__(
        self, cursor: Cursor[Any], *, batch: Sequence[Judged], preparer: Preparer, now: datetime
    ) -> None:
        self._cursor = cursor
        self._batch = batch
        self._preparer = preparer
        self._now = now
        self._month = now.date().replace(day=1)
        self._deliveries: dict[UUID, tuple[Any, ...]] = {}
        self._messages: list[tuple[Any, ...]] = []
        self._message_ledger: dict[bytes, tuple[Any, ...]] = {}
        self._replaced: list[bytes] = []
        self._results: dict[UUID, tuple[Any, ...]] = {}
        self._first: dict[bytes, tuple[bytes, bytes, date, UUID, int]] = {}
        self._moved: dict[bytes, tuple[bytes, bytes, date, UUID, int]] = {}
        self._superseded: list[keeping.Version] = []
        self._told: dict[int, list[Finding]] = {}

    def keep(self, prepared: Sequence[list[PreparedResult]]) -> list[Kept]:
        store.prepare_session(self._cursor)
        met = self._meet(self._batch)
        fresh = [
            results
            for (_, action), results in zip(met, prepared, strict=True)
            if action in (keeping.Message.NEW, keeping.Message.REPLACES)
        ]
        everything = [result for results in fresh for result in results]
        versions = store.current_versions(
            self._cursor, {key for result in everything for key in result.ledger_keys}
        )
        wanted = [result for result in everything if self._decide(result, versions)]
        identities = self._people([result.identity for result in wanted])
        for result in wanted:
            self._result_row(result, identities[result.identity.whole])
        kept = [
            self._message_row(judged, action, self._told.get(rank, []), earlier)
            for rank, (judged, (earlier, action)) in enumerate(zip(self._batch, met, strict=True))
        ]
        self._write()
        return kept

    # What came before

    def _meet(self, batch: Sequence[Judged]) -> list[tuple[keeping.Earlier | None, keeping.Message]]:
        """What each message is to what came before it, in the store or in this very batch."""
        digests = [hashlib.sha256(judged.item.raw).hexdigest() for judged in batch]
        keys = [
            self._preparer.message_keys(_sender(judged), judged.item.control_id or digest)
            for judged, digest in zip(batch, digests, strict=True)
        ]
        known = store.earlier_messages(self._cursor, {key for several in keys for key in several})
        clashes = [
            self._preparer.message_keys(_sender(judged), f"{judged.item.control_id}|{digest}")
            for judged, digest in zip(batch, digests, strict=True)
        ]
        answers = []
        for rank, judged in enumerate(batch):
            bodies = self._preparer.body_digests(judged.item.raw)
            earlier, action = self._meet_one(judged, keys[rank], bodies, known)
            own_keys = keys[rank]
            if action is keeping.Message.CLASH:
                self._tell(rank, finding("H02", "reused", "MSH-10"))
                own_keys = clashes[rank]
                known |= store.earlier_messages(self._cursor, own_keys)
                earlier = next((known[key] for key in own_keys if key in known), None)
                action = keeping.Message.CLASH if earlier is None else keeping.Message.AGAIN
            if action is not keeping.Message.AGAIN:
                outcome = Outcome.REJECTED if action is keeping.Message.CLASH else judged.judgement.outcome
                if action is keeping.Message.REPLACES:
                    self._replaced += [key for key in own_keys if key in known]
                position, delivery_id = judged.item.position, judged.delivery.id
                known[own_keys[0]] = keeping.Earlier(
                    body=bodies[0], outcome=outcome, delivery_id=delivery_id, position=position
                )
                self._message_ledger[own_keys[0]] = (
                    own_keys[0], bodies[0], self._month, delivery_id, position
                )  # fmt: skip
            answers.append((earlier, action))
        return answers

    @staticmethod
    def _meet_one(
        judged: Judged,
        keys: tuple[bytes, ...],
        bodies: tuple[bytes, ...],
        known: dict[bytes, keeping.Earlier],
    ) -> tuple[keeping.Earlier | None, keeping.Message]:
        earlier = next((known[key] for key in keys if key in known), None)
        return earlier, keeping.meet(bodies=bodies, outcome=judged.judgement.outcome, earlier=earlier)

    def _tell(self, rank: int, said: Finding) -> None:
        """What the sender of a message should know beside what the rules said."""
        self._told.setdefault(rank, []).append(said)

    # Results

    def _decide(
        self,
        result: PreparedResult,
        versions: dict[bytes, keeping.Version],
    ) -> bool:
        """Whether a result is to be kept; gathers its ledger row and what its sender should know."""
        known_key = next((key for key in result.ledger_keys if key in versions), None)
        current = versions[known_key] if known_key is not None else None
        decision = keeping.decide(status=result.status, contents=result.contents, current=current)
        if decision.finding:
            self._tell(result.position, finding(*decision.finding, result.location))
        if decision.keep in (keeping.Keep.REPEAT, keeping.Keep.NOTHING):
            return False
        key = known_key or result.ledger_keys[0]  # a result keeps its first key through all its versions
        row = (key, result.contents[0], self._month, result.id, decision.number)
        if current is None:
            self._first[key] = row
        else:
            self._supersede(current)
            (self._first if key in self._first else self._moved)[key] = row
        retracted = decision.keep is keeping.Keep.RETRACTION
        self._results[result.id] = (
            self._month, result.id, key, decision.number, not retracted, retracted, self._now,
            self._batch[result.position].delivery.id,
        )  # fmt: skip
        versions[key] = keeping.Version(
            content=result.contents[0], month=self._month, result_id=result.id, number=decision.number
        )
        return True

    def _supersede(self, version: keeping.Version) -> None:
        """A version of this very batch is written as no longer current; an older one is updated."""
        row = self._results.get(version.result_id)
        if row is None:
            self._superseded.append(version)
        else:
            self._results[version.result_id] = (*row[:4], False, *row[5:])

    def _result_row(self, result: PreparedResult, owner: tuple[UUID, UUID]) -> None:
        identity, person = owner
        self._results[result.id] = (*self._results[result.id], person, identity, *result.values)

    # People

    def _people(self, wanted: Iterable[PreparedIdentity]) -> dict[bytes, tuple[UUID, UUID]]:
        """(identity, person) of every identity, those seen for the first time written."""
        distinct = {identity.whole: identity for identity in wanted}
        owners = store.known_identities(self._cursor, distinct)
        new = [identity for whole, identity in distinct.items() if whole not in owners]
        if not new:
            return owners
        digests = {key for identity in new for key in (*identity.by_ins, *identity.by_traits)}
        known = store.known_keys(self._cursor, digests)
        key_rows = _renewed(new, known)
        assignments = resolve(
            [
                Keys(
                    ins=identity.by_ins[0] if identity.by_ins else b"",
                    traits=identity.by_traits[0] if identity.by_traits else b"",
                )
                for identity in new
            ],
            known,
            new_key=_keys_in_advance(len(new)),
        )
        self._write_people(new, assignments, key_rows)
        for identity, assignment in zip(new, assignments, strict=True):
            owners[identity.whole] = (identity.id, assignment.person)
        return owners

    def _write_people(
        self,
        new: Sequence[PreparedIdentity],
        assignments: Sequence[Assignment],
        key_rows: dict[bytes, tuple[Any, ...]],
    ) -> None:
        pairs = list(zip(new, assignments, strict=True))
        store.claim(
            self._cursor,
            {a.person for i, a in pairs if not a.new_person and i.by_ins and i.by_ins[0] in a.new_keys},
        )
        shared = {assignment.shared_key for assignment in assignments if assignment.shared_key}
        for identity, assignment in pairs:
            for key in assignment.new_keys:
                is_ins = bool(identity.by_ins) and key == identity.by_ins[0]
                key_rows[key] = (key, assignment.person, is_ins, False)
        for key in shared & key_rows.keys():
            key_rows[key] = (*key_rows[key][:3], True)
        store.insert(self._cursor, "stage_key", list(key_rows.values()), key="key")
        store.share_keys(self._cursor, [key for key in shared if key not in key_rows])
        persons = dict.fromkeys(assignment.person for assignment in assignments if assignment.new_person)
        store.insert(self._cursor, "stage_person", [(person, self._now) for person in persons])
        identity_rows = [
            (
                i.id, i.department, i.expires_on, i.sealed, i.whole, i.ins, i.name_birth,
                i.used_name_birth, self._now,
            )
            for i in new
        ]  # fmt: skip
        store.insert(self._cursor, "stage_identity", identity_rows, key="whole")
        link_rows = [(i.id, a.person, a.certainty.value, self._now) for i, a in pairs]
        store.insert(self._cursor, "stage_link", link_rows)

    # Messages

    def _message_row(
        self,
        judged: Judged,
        action: keeping.Message,
        told: list[Finding],
        earlier: keeping.Earlier | None,
    ) -> Kept:
        item, outcome, delivery = judged.item, judged.judgement.outcome, judged.delivery
        findings = (*judged.judgement.findings, *told)
        if action is keeping.Message.AGAIN and earlier is not None:
            return Kept(
                outcome=earlier.outcome, findings=findings, delivery_id=earlier.delivery_id, repeated=True
            )
        if action is keeping.Message.CLASH:
            outcome = Outcome.REJECTED
        sealed, expires_on = None, None
        if outcome is not Outcome.ACCEPTED:
            expires_on = self._preparer.shortest_expiry
            context = delivery.id.bytes + item.position.to_bytes(4, "big")
            sealed = self._preparer.sealer(Purpose.DELIVERY, expires_on).seal(item.raw, context=context)
        department = finess.parse(delivery.laboratory or item.sender).department
        self._messages.append(
            (
                self._month, delivery.id, item.position, department, item.format.value, outcome.value,
                Jsonb([[f.code, f.severity.value, f.location] for f in findings]) if findings else None,
                sealed, expires_on,
            )
        )  # fmt: skip
        self._deliveries[delivery.id] = (
            delivery.id, delivery.received_at, delivery.channel, delivery.laboratory, delivery.size,
            delivery.digest,
        )  # fmt: skip
        return Kept(outcome=outcome, findings=findings, delivery_id=delivery.id)

    def _write(self) -> None:
        cursor = self._cursor
        store.add_deliveries(cursor, list(self._deliveries.values()))
        store.forget_messages(cursor, self._replaced)
        store.insert(cursor, "stage_message_ledger", list(self._message_ledger.values()), key="key")
        store.insert(cursor, "stage_message", self._messages)
        store.insert(cursor, "stage_result_ledger", list(self._first.values()), key="key")
        store.move_ledger(cursor, list(self._moved.values()))
        store.supersede(cursor, self._superseded)
        store.insert(cursor, "stage_result", list(self._results.values()))
        if self._results:
            payload = {"results": [[str(row[0]), str(row[1])] for row in self._results.values()]}
            publish(cursor, topic=RESULTS, payload=payload, now=self._now)


def _renewed(
    identities: Iterable[PreparedIdentity], known: dict[bytes, Known]
) -> dict[bytes, tuple[Any, ...]]:
    """Rows for keys known under an earlier period only: the same person, under today's key.

    `known` learns them too.
    """
    rows: dict[bytes, tuple[Any, ...]] = {}
    for identity in identities:
        for digests, is_ins in ((identity.by_ins, True), (identity.by_traits, False)):
            if digests and digests[0] not in known:
                earlier = next((known[digest] for digest in digests[1:] if digest in known), None)
                if earlier is not None:
                    known[digests[0]] = earlier
                    rows[digests[0]] = (digests[0], earlier.person, is_ins, earlier.shared)
    return rows


def _keys_in_advance(count: int) -> Any:
    """A source of at most `count` new keys, made at once."""
    return iter(uuid7s(count)).__next__
