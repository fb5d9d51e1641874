"""Reading files: decoded, judged, prepared and sealed, a part at a time; and keeping each part when its turn comes.

The same code runs in the process of `rempart ingest` and in its workers (crew.py).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.checking import judged, read_file
from rempart.screening.formats import Context
from rempart.screening.rules.answer import answer, findings
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Format, Item
from rempart.screening.rules.turns import Keys
from rempart.screening.sampling.services.completing import completed
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import Judged, PreparedMessage, delivery_of
from rempart.screening.services.receive import BATCH, Kept, keep
from rempart.screening.transcoding.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to read, and how."""

    paths: tuple[str, ...]
    format: Format | None  # None: found out
    profile: Profile
    pathogen: str
    key_store: KeyStore
    answered: bool  # whether the answers of each message are wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Files that follow each other, for one process to read."""

    number: int
    files: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Part:
    """Messages of a task, in order, ready to be kept in one transaction."""

    messages: list[PreparedMessage] = field(default_factory=list)
    answers: list[str] = field(
        default_factory=list
    )  # what is said of each, as JSON without its end; if asked for
    size: int = 0  # bytes of the files that ended among them
    unread: int = 0  # files that could not be read
    last: bool = False  # whether nothing of the task follows

    def keys(self) -> Keys:
        """The keys by which its messages and results are known."""
        return frozenset(
            [key for message in self.messages for key in message.keys]
            + [key for message in self.messages for result in message.results for key in result.ledger_keys]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a part that is on disk."""

    outcomes: Counter[str]  # and "repeated"
    lines: list[str]  # answers, whole; empty unless asked for
    messages: int
    size: int
    unread: int
    last: bool


class Reader:
    """Reads tasks; made once for each process, for it remembers what it recognised."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._pathogen = pathogen(asked.pathogen)
        self._table = Snapshot()
        self._context = Context(
            pathogen=self._pathogen, profile=asked.profile, transcoding=self._table.transcoding
        )
        self._keyring = keyring_of(asked.key_store)

    def parts(self, task: Task) -> Iterator[Part]:
        """The parts of a task, in order: one at least, of at most BATCH messages. Asks the database for the tables of
        laboratories, and for the tubes of messages that say nobody, at most."""
        self._table.refresh(now=datetime.now(UTC))
        part, preparer = Part(), self._preparer()
        for source in task.files:
            payload = read_file(source)
            if payload is None:
                part.unread += 1
                continue
            delivery = delivery_of(payload, channel="file", laboratory="")
            for some in judged(payload, format_=self._asked.format, context=self._context):
                if len(part.messages) + len(some) > BATCH:
                    yield part
                    part, preparer = Part(), self._preparer()
                whole = self._completed(
                    [Judged(item=item, judgement=judgement, delivery=delivery) for item, judgement in some]
                )
                part.messages += [preparer.message(one) for one in whole]
                if self._asked.answered:
                    part.answers += [
                        _begun(source, item, judgement) for item, judgement in some
                    ]  # as it came
            part.size += len(payload)
        part.last = True
        yield part

    def _completed(self, some: Sequence[Judged]) -> Sequence[Judged]:
        """Messages with no more than the number of a tube, completed; the rules of sampling drives are French."""
        if self._asked.profile is not Profile.FR:
            return some
        return completed(
            some, keyring=self._keyring, pathogen=self._pathogen, now=datetime.now(UTC), of_any=True
        )

    def _preparer(self) -> Preparer:
        """With the keys of today: reading may last over midnight."""
        return Preparer(keyring=self._keyring, pathogen=self._pathogen, now=datetime.now(UTC))


def _begun(source: str, item: Item, judgement: Judgement) -> str:
    """What is said of a message before it is kept, as JSON without its end."""
    said = answer(item, judgement, source=source)
    del said["outcome"], said["findings"]
    return json.dumps(said)[:-1]


def keep_part(part: Part) -> Done:
    """Keep a part; on disk when it returns."""
    kept = keep(part.messages, actor=system(Purpose.INTAKE), now=datetime.now(UTC))
    outcomes = Counter(one.outcome.value for one in kept)
    outcomes["repeated"] += sum(one.repeated for one in kept)
    return Done(
        outcomes=outcomes,
        lines=_lines(part.answers, kept),
        messages=len(kept),
        size=part.size,
        unread=part.unread,
        last=part.last,
    )


def _lines(answers: Sequence[str], kept: Sequence[Kept]) -> list[str]:
    """The answers that were asked for, with what became of each message."""
    lines = []
    for begun, one in zip(answers, kept, strict=bool(answers)):
        rest = {
            "outcome": one.outcome.value,
            "findings": findings(one.findings),
            "delivery": str(one.delivery_id),
            "repeated": one.repeated,
        }
        lines.append(f"{begun}, {json.dumps(rest)[1:]}\n")
    return lines
