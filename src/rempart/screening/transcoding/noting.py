"""What nothing translates, noted from messages that were held or rejected, and counted in the queue.

It follows the intake as a subscriber: a message that is accepted is not kept, and what it held beside the analyses
of the platform is nobody's to note (decision 032).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.retention import Kind as Kept
from rempart.foundation.retention import retention
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import BlindIndex, Indexer, KeyDestroyed, Keyring, Purpose, Sealer, unseal
from rempart.screening.formats import Context, decode
from rempart.screening.formats.context import Observed, Role
from rempart.screening.rules.report import Format, Result
from rempart.screening.services.receive import RESULTS
from rempart.screening.services.refused import bytes_of
from rempart.screening.transcoding.models import Unknown
from rempart.screening.transcoding.rules import LONGEST, Kind, written
from rempart.screening.transcoding.snapshot import Snapshot

CONCERNED = {Kind.ANALYSIS: ("A01", "A02", "A04"), Kind.RESULT: ("R01",)}
"""Findings by which a message says that something of a kind was not understood."""

MOST_A_MESSAGE = 50
"""Texts that one message may bring to the queue."""

MOST_QUEUED = 500
"""Texts of one laboratory in the queue: more of them are damage, and no table mends that."""

_LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One text that means nothing to the platform nor by the laboratory's table."""

    kind: Kind
    text: str
    label: str = ""
    labelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Noting(Context):
    """A context that notes what it does not recognise, while a message is decoded."""

    noted: dict[tuple[Kind, str], Noted] = field(default_factory=dict, compare=False)

    def observe(self, names: tuple[str, ...], finess_number: str = "") -> Observed:
        observed = Context.observe(self, names, finess_number)
        if observed.role in (Role.LABELLED, Role.OTHER) and not observed.loinc:
            labelled = observed.role is Role.LABELLED
            self._note(Kind.ANALYSIS, observed.code, label=observed.label, labelled=labelled)
        return observed

    def result(self, words: str, finess_number: str = "") -> Result | None:
        found = Context.result(self, words, finess_number)
        if found is None:
            self._note(Kind.RESULT, words)
        return found

    def _note(self, kind: Kind, text: str, *, label: str = "", labelled: bool = False) -> None:
        source = written(kind, text[: LONGEST + 1])
        if source and len(source) <= LONGEST and len(self.noted) < MOST_A_MESSAGE:
            self.noted.setdefault(
                (kind, source),
                Noted(kind=kind, text=source, label=label[:_LONGEST_LABEL], labelled=labelled),
            )


@lru_cache(maxsize=4)
def _noting(name: str) -> tuple[Snapshot, Noting]:
    """One of each per process and pathogen: they remember."""
    snapshot = Snapshot()
    return snapshot, Noting(pathogen=pathogen(name), transcoding=snapshot.transcoding)


def subscriber(*, keyring: Keyring, pathogen_name: str) -> Subscriber:
    """Who reads what was refused and counts what nothing translates; one batch of messages at a time."""
    snapshot, context = _noting(pathogen_name)

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        for event in events:
            if refused := event.payload.get("refused"):
                snapshot.refresh(now=event.at)
                _note_event(cursor, refused, context=context, keyring=keyring, now=event.at)

    return Subscriber(name="transcoding", topics=(RESULTS,), handle=handle, batch=1)


_CONCERNED = """
    SELECT a.laboratory, m.delivery_id, m.position, m.format, m.sealed
    FROM unnest(%s::date[], %s::uuid[], %s::int[], %s::text[]) AS a (month, delivery_id, position, laboratory)
    JOIN screening_message m USING (month, delivery_id, position)
    WHERE m.sealed IS NOT NULL
      AND EXISTS (SELECT FROM jsonb_array_elements(m.findings) f WHERE f ->> 0 = ANY(%s))"""


def _note_event(
    cursor: CursorWrapper, refused: list[list[object]], *, context: Noting, keyring: Keyring, now: datetime
) -> None:
    codes = [code for several in CONCERNED.values() for code in several]
    cursor.execute(_CONCERNED, [*map(list, zip(*refused, strict=True)), codes])
    counted: dict[str, dict[tuple[Kind, str], list[Noted]]] = {}
    for laboratory, delivery_id, position, format_, sealed in cursor.fetchall():
        context.noted.clear()
        try:
            raw = bytes_of(sealed, delivery_id=delivery_id, position=position, keyring=keyring)
        except KeyDestroyed:
            continue
        for _ in decode(raw, format=Format(format_), context=context):
            pass
        of_laboratory = counted.setdefault(laboratory, {})
        for key, one in context.noted.items():
            of_laboratory.setdefault(key, []).append(one)
    queue = Queue(keyring, now=now)
    for laboratory, found in counted.items():
        queue.count(laboratory, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What is sealed of an unknown text. `label` is empty where messages disagree."""

    text: str
    label: str


class Queue:
    """The unknown texts of laboratories, sealed and found again by digest."""

    def __init__(self, keyring: Keyring, *, now: datetime) -> None:
        self._keyring, self._now = keyring, now
        self._indexer = Indexer(keyring, now.date())
        self._until = retention(Kept.REFUSED_MESSAGE).last_day(now.date(), today=now.date())

    def digests(self, laboratory: str, kind: Kind, source: str) -> tuple[bytes, ...]:
        """Under which a text of a laboratory is found, today's first."""
        return self._indexer.digests(BlindIndex.LOCAL_CODE, f"{laboratory}|{kind}|{source}")

    def read(self, row: Unknown) -> Text:
        """A text of the queue. Raises KeyDestroyed once its day has passed."""
        sealed = unseal(self._keyring, bytes(row.sealed), purpose=Purpose.DELIVERY, context=row.id.bytes)
        return Text(**json.loads(sealed))

    def count(self, laboratory: str, found: dict[tuple[Kind, str], list[Noted]]) -> None:
        """Add what was found to the queue of a laboratory; a text that is new once the queue is full is left out."""
        by_key = {key: self.digests(laboratory, *key) for key in found}
        every = [digest for digests in by_key.values() for digest in digests]
        rows = Unknown.objects.filter(laboratory=laboratory, digest__in=every).select_for_update()
        known = {bytes(row.digest): row for row in rows}
        room = MOST_QUEUED - Unknown.objects.filter(laboratory=laboratory).count()
        for key, several in found.items():
            row = next((known[digest] for digest in by_key[key] if digest in known), None)
            if row is not None:
                self._again(row, several)
            elif room > 0:
                room -= 1
                self._first(laboratory, by_key[key][0], several)

    def _first(self, laboratory: str, digest: bytes, several: list[Noted]) -> None:
        one, key = several[0], uuid7()
        Unknown.objects.create(
            id=key,
            laboratory=laboratory,
            kind=one.kind.value,
            digest=digest,
            sealed=self._sealed(key, Text(text=one.text, label=_agreed(one.label, several))),
            labelled=any(each.labelled for each in several),
            messages=len(several),
            first_seen=self._now,
            last_seen=self._now,
            expires_on=self._until,
        )

    def _again(self, row: Unknown, several: list[Noted]) -> None:
        """Count a text that is there; it is sealed again, until the last day of the message that brought it."""
        try:
            label = self.read(row).label
        except KeyDestroyed:  # the day is over, and the row about to go
            label = several[0].label
        one = several[0]
        row.sealed = self._sealed(row.id, Text(text=one.text, label=_agreed(label, several)))
        row.labelled = row.labelled or any(each.labelled for each in several)
        row.messages += len(several)
        row.last_seen, row.expires_on = self._now, self._until
        row.save(update_fields=["sealed", "labelled", "messages", "last_seen", "expires_on"])

    def _sealed(self, key: UUID, text: Text) -> bytes:
        content = json.dumps({"text": text.text, "label": text.label}).encode()
        return Sealer(self._keyring, Purpose.DELIVERY, self._until).seal(content, context=key.bytes)


def _agreed(label: str, several: Sequence[Noted]) -> str:
    """The label beside a text, as long as every message has the same one."""
    return label if all(one.label == label for one in several) else ""
