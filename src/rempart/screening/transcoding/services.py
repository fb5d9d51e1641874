"""Lines of a laboratory's transcoding table, and the queue of what nothing translates.

Its biologist keeps the table of a laboratory, the operator that of every one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import KeyDestroyed, Keyring
from rempart.screening.desk.services import again
from rempart.screening.desk.services.within import within
from rempart.screening.transcoding import rules
from rempart.screening.transcoding.models import TranscodingLine, Unknown
from rempart.screening.transcoding.noting import CONCERNED, Queue
from rempart.screening.transcoding.rules import Fault, Kind, Line

MOST_LINES = 500
"""Lines of one laboratory that hold or will: a table, not a dump of its catalogue."""

MOST_SHOWN = 50
"""Texts of the queue, and lines that ended, on the page."""

_LOCK = 0x7E4A5C0D


class LineRefused(Exception):
    """A line that is not taken; `faults` says everything that keeps it from the table."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


class TooManyLines(Exception):
    """The laboratory has MOST_LINES already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A text of the queue. `text` and `label` are empty while it is not sure that they name nobody."""

    id: UUID
    kind: Kind
    text: str
    label: str
    length: int
    labelled: bool
    messages: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a laboratory says: lines that hold or will, lines that ended (newest first), and what waits."""

    lines: Sequence[TranscodingLine]
    ended: Sequence[TranscodingLine]
    queue: Sequence[Waiting]


def table(*, actor: Actor, laboratory: str, keyring: Keyring, now: datetime) -> Table:
    """The table of a laboratory and its queue, the most telling texts first. Three queries. Raises NotAllowed."""
    within(actor, Right.TRANSCODING_EDIT, laboratory)
    lines = TranscodingLine.objects.filter(laboratory=laboratory)
    ended = lines.filter(ended_at__isnull=False).order_by("-ended_at", "source")
    holding = lines.filter(ended_at__isnull=True).order_by("kind", "source", "since")
    return Table(
        lines=list(holding[:MOST_LINES]),
        ended=list(ended[:MOST_SHOWN]),
        queue=_queue(laboratory, keyring=keyring, now=now),
    )


def add_line(
    *,
    actor: Actor,
    laboratory: str,
    kind: Kind,
    text: str,
    target: str,
    since: date | None,
    pathogen: Pathogen,
    keyring: Keyring,
    now: datetime,
) -> int:
    """Say what a laboratory's own code or words mean, from a day on (None: today); how many of its messages wait to
    be judged again by it.

    Raises NotAllowed, LineRefused, TooManyLines.
    """
    within(actor, Right.TRANSCODING_EDIT, laboratory)
    line = Line(kind=kind, source=rules.written(kind, text), target=target.strip(), since=since or now.date())
    with transaction.atomic():
        version = _next_version()
        others = TranscodingLine.objects.filter(laboratory=laboratory, kind=kind.value, source=line.source)
        found = rules.faults(line, others=map(_line, others), pathogen=pathogen, today=now.date())
        if found:
            raise LineRefused(found)
        if TranscodingLine.objects.filter(laboratory=laboratory, ended_at__isnull=True).count() >= MOST_LINES:
            raise TooManyLines
        row = TranscodingLine.objects.create(
            id=uuid7(), laboratory=laboratory, kind=kind.value, source=line.source, target=line.target,
            since=line.since, version=version, created_at=now, created_by=actor.agent,
        )  # fmt: skip
        digests = Queue(keyring, now=now).digests(laboratory, kind, line.source)
        Unknown.objects.filter(laboratory=laboratory, kind=kind.value, digest__in=digests).delete()
        holds = line.holds_on(now.date())
        waiting = again.ask_for(laboratory, codes=CONCERNED[kind], now=now) if holds else 0
        record(
            actor, Act.TRANSCODING_CHANGED, str(row.id), now=now,
            laboratory=laboratory, kind=kind.value, change="added", target=line.target, messages=waiting,
        )  # fmt: skip
    return waiting


def end_line(*, actor: Actor, line_id: UUID, now: datetime) -> TranscodingLine:
    """End a line today, or one that has not begun before it does; what was read by it stays. Twice is once.

    Raises NotAllowed.
    """
    with transaction.atomic():
        version = _next_version()
        row = TranscodingLine.objects.filter(id=line_id).first()
        if row is None:
            raise NotAllowed("no such line")
        within(actor, Right.TRANSCODING_EDIT, row.laboratory)
        if row.until is None:
            row.until = max(row.since, now.date())
            row.version, row.ended_at, row.ended_by = version, now, actor.agent
            row.save(update_fields=["until", "version", "ended_at", "ended_by"])
            record(
                actor, Act.TRANSCODING_CHANGED, str(row.id), now=now,
                laboratory=row.laboratory, kind=row.kind, change="ended", target=row.target,
            )  # fmt: skip
    return row


def translate(
    *,
    actor: Actor,
    unknown_id: UUID,
    target: str,
    pathogen: Pathogen,
    keyring: Keyring,
    now: datetime,
) -> int:
    """Say what a text of the queue means, from today on; how many messages wait to be judged again.

    Raises NotAllowed, also for a text that is not shown yet; LineRefused, TooManyLines.
    """
    row = _own_unknown(actor, unknown_id)
    shown = _shown(row, queue=Queue(keyring, now=now))
    if shown is None or not shown.text:
        raise NotAllowed("nobody translates what he is not shown")
    return add_line(
        actor=actor, laboratory=row.laboratory, kind=shown.kind, text=shown.text, target=target, since=None,
        pathogen=pathogen, keyring=keyring, now=now,
    )  # fmt: skip


def dismiss(*, actor: Actor, unknown_id: UUID, now: datetime) -> str:
    """Say that a text is none that the platform needs: it leaves the queue, though it be met again. The laboratory.

    Raises NotAllowed.
    """
    with transaction.atomic():
        row = _own_unknown(actor, unknown_id)
        Unknown.objects.filter(id=row.id).update(dismissed=True)
        record(
            actor, Act.TRANSCODING_CHANGED, str(row.id), now=now,
            laboratory=row.laboratory, kind=row.kind, change="dismissed",
        )  # fmt: skip
    return row.laboratory


def _own_unknown(actor: Actor, unknown_id: UUID) -> Unknown:
    row = Unknown.objects.filter(id=unknown_id).first()
    if row is None:
        raise NotAllowed("no such text")
    within(actor, Right.TRANSCODING_EDIT, row.laboratory)
    return row


def _queue(laboratory: str, *, keyring: Keyring, now: datetime) -> list[Waiting]:
    rows = Unknown.objects.filter(laboratory=laboratory, dismissed=False)
    rows = rows.order_by("-labelled", "-messages", "-last_seen")[:MOST_SHOWN]
    queue = Queue(keyring, now=now)
    return [shown for row in rows if (shown := _shown(row, queue=queue)) is not None]


def _shown(row: Unknown, *, queue: Queue) -> Waiting | None:
    """A text as it may be shown; None once its day has passed."""
    try:
        said = queue.read(row)
    except KeyDestroyed:
        return None
    return Waiting(
        id=row.id,
        kind=Kind(row.kind),
        text=said.text if rules.is_shown(said.text, messages=row.messages) else "",
        label=said.label if row.messages >= rules.SHOWN_AFTER else "",
        length=len(said.text),
        labelled=row.labelled,
        messages=row.messages,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _next_version() -> int:
    """The version of the change that this transaction makes: nobody else makes one until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    latest: int | None = TranscodingLine.objects.aggregate(latest=Max("version"))["latest"]
    return (latest or 0) + 1


def _line(row: TranscodingLine) -> Line:
    return Line(kind=Kind(row.kind), source=row.source, target=row.target, since=row.since, until=row.until)
