"""Verifying the trail: every entry against its block, every block against the one before, anchors against blocks.

One reading of entries in the order of their ids and of blocks in the order of their numbers, in one snapshot:
what is written meanwhile disturbs nothing, and memory holds what lies between two blocks only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.audit import anchoring, chain
from rempart.foundation.audit.sealing import BLOCKS, COLUMNS, block_of, line_of
from rempart.foundation.database.row_security import EVERYWHERE, set_sight

_OPEN_AT_MOST = timedelta(hours=1)
"""How long the transaction of an entry may have been open; an entry older than that beside its block is told."""

_SEALED_WITHIN = timedelta(minutes=5)
_ANCHORED_WITHIN = timedelta(days=2)
_KEPT_AT_LEAST = 7
"""Months, from the first day of a month, before which it is not dropped."""


MOST_TOLD = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that must not be: in which block, at which entry, and what."""

    what: str
    block: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        where = [f"block {self.block}"] if self.block is not None else []
        where += [f"entry {self.entry}"] if self.entry is not None else []
        return f"{', '.join(where)}: {self.what}" if where else self.what


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was found: `faults` break the trail, `remarks` ask for a look and break nothing. The first ones of
    each are told; `wrong` counts all faults."""

    faults: list[Fault] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    wrong: int = 0
    blocks: int = 0
    entries: int = 0
    unsealed: int = 0
    anchors: int = 0

    @property
    def holds(self) -> bool:
        return not self.wrong

    def fault(self, what: str, *, block: int | None = None, entry: int | None = None) -> None:
        self.wrong += 1
        if self.wrong <= MOST_TOLD:
            self.faults.append(Fault(what=what, block=block, entry=entry))

    def remark(self, what: str) -> None:
        if len(self.remarks) < MOST_TOLD:
            self.remarks.append(what)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An entry of the table, waiting for the block that names it."""

    digest: bytes
    at: datetime
    position: tuple[int, int]


def verify(*, folder: Path, certificate: bytes, now: datetime) -> Verdict:
    """Verify the whole trail, with the anchors of the database and of a folder, under a certificate (DER)."""
    verdict = Verdict()
    with transaction.atomic():
        connection = transaction.get_connection()
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            set_sight(cursor, departments=(EVERYWHERE,))
            dropped = _dropped(cursor)
        anchors = _anchors(folder, certificate=certificate, verdict=verdict)
        with connection.chunked_cursor() as entries, connection.chunked_cursor() as blocks:
            entries.execute(f"SELECT {COLUMNS}, xid::text::bigint FROM audit_entry ORDER BY id")  # noqa: S608 -- columns of ours
            blocks.execute(BLOCKS)
            _Chain(verdict, dropped=dropped, anchors=anchors, now=now).walk(entries, blocks)
    _of_dropped(dropped, verdict)
    verdict.anchors = len({anchor.block for anchor in anchors})
    newest = max((anchor.signed_at for anchor in anchors), default=None)
    if verdict.blocks and (newest is None or newest < now - _ANCHORED_WITHIN):
        verdict.remark(
            f"the last anchor is of {newest:%Y-%m-%d %H:%M}" if newest else "nothing is anchored yet"
        )
    return verdict


class _Chain:
    """The walk along blocks and entries."""

    def __init__(
        self,
        verdict: Verdict,
        *,
        dropped: dict[date, _Dropped],
        anchors: Sequence[anchoring.Anchor],
        now: datetime,
    ) -> None:
        self._verdict = verdict
        self._dropped = dropped
        self._now = now
        self._anchored: dict[int, list[anchoring.Anchor]] = {}
        for anchor in anchors:
            self._anchored.setdefault(anchor.block, []).append(anchor)
        self._waiting: dict[int, _Read] = {}

    def walk(self, entries: Iterable[Sequence[Any]], blocks: Iterable[Sequence[Any]]) -> None:
        reading = iter(entries)
        ahead = next(reading, None)
        last: chain.Block | None = None
        until = (0, 0)
        for row in blocks:
            block = block_of(row)
            until = (row[-2], row[-1])
            self._verdict.blocks += 1
            for wrong in chain.breaks(block, after=last, dropped=block.month in self._dropped):
                self._fault(wrong, block=block.number)
            self._against_anchors(block)
            leaves = block.unpacked()
            highest = max((leaf.id for leaf in leaves), default=0)
            while ahead is not None and ahead[0] <= highest:
                self._wait(ahead)
                ahead = next(reading, None)
            for leaf in leaves:
                self._leaf(leaf, block=block, after=last)
            if block.month in self._dropped:
                self._dropped[block.month].counted += block.count
            last = block
        while ahead is not None:
            self._wait(ahead)
            ahead = next(reading, None)
        self._remaining(until)
        for number in sorted(self._anchored):
            self._fault("anchored, and no longer there", block=number)

    def _wait(self, row: Sequence[Any]) -> None:
        line = line_of(row)
        if line.id in self._waiting:
            self._fault("added: another entry has its number", entry=line.id)
        self._waiting[line.id] = _Read(digest=line.digest(), at=line.at, position=(row[-1], line.id))

    def _leaf(self, leaf: chain.Leaf, *, block: chain.Block, after: chain.Block | None) -> None:
        read = self._waiting.pop(leaf.id, None)
        if read is None:
            self._fault("removed", block=block.number, entry=leaf.id)
            return
        self._verdict.entries += 1
        if read.digest != leaf.digest:
            self._fault("altered since it was sealed", block=block.number, entry=leaf.id)
        if after and read.at < after.sealed_at - _OPEN_AT_MOST:
            self._verdict.remark(
                f"block {block.number}, entry {leaf.id}: says {read.at:%Y-%m-%d %H:%M}, but what was sealed before it "
                f"is of {after.sealed_at:%Y-%m-%d %H:%M}: a clock went back, or it was written afterwards"
            )

    def _against_anchors(self, block: chain.Block) -> None:
        for anchor in self._anchored.pop(block.number, ()):
            if anchor.digest != block.digest:
                self._fault(
                    f"not the block that was anchored on {anchor.signed_at:%Y-%m-%d}: the chain was made anew",
                    block=block.number,
                )

    def _remaining(self, until: tuple[int, int]) -> None:
        """What no block names: earlier than what was sealed it was added, later it waits for the sealer."""
        oldest = self._now
        for id, read in self._waiting.items():
            if read.position <= until:
                self._fault("added: earlier than what was sealed, and in no block", entry=id)
            else:
                self._verdict.unsealed += 1
                oldest = min(oldest, read.at)
        if oldest < self._now - _SEALED_WITHIN:
            self._verdict.remark(
                f"{self._verdict.unsealed} entries wait for the sealer, the oldest since {oldest:%Y-%m-%d %H:%M}"
            )

    def _fault(self, what: str, *, block: int | None = None, entry: int | None = None) -> None:
        self._verdict.fault(what, block=block, entry=entry)


@dataclass(slots=True, kw_only=True)
class _Dropped:
    """A month that was dropped, and how many entries its blocks count."""

    entries: int
    at: datetime
    counted: int = 0


def _dropped(cursor: CursorWrapper) -> dict[date, _Dropped]:
    cursor.execute("SELECT month, entries, dropped_at FROM audit_dropped_month")
    return {month: _Dropped(entries=entries, at=at) for month, entries, at in cursor.fetchall()}


def _of_dropped(dropped: dict[date, _Dropped], verdict: Verdict) -> None:
    for month, one in dropped.items():
        if one.counted != one.entries:
            verdict.fault(
                f"{month:%Y-%m} was dropped with {one.entries} entries, its blocks count {one.counted}"
            )
        if (one.at.year - month.year) * 12 + one.at.month - month.month < _KEPT_AT_LEAST:
            verdict.fault(f"{month:%Y-%m} was dropped on {one.at:%Y-%m-%d}, before its time")


def _anchors(folder: Path, *, certificate: bytes, verdict: Verdict) -> list[anchoring.Anchor]:
    """The anchors whose signature holds, of the database and of the folder; what is wrong with the others."""
    kept = anchoring.anchors_kept()
    found = list(_readable(folder, verdict))
    in_database = {anchor.statement for anchor in kept}
    in_files = {anchor.statement for _, anchor in found}
    for path, anchor in found:
        if anchor.statement not in in_database:
            verdict.fault(f"its anchor ({path.name}) is no longer in the database", block=anchor.block)
    if kept and not found:
        verdict.remark(f"no anchor under {folder}: those of the database stand alone")
    elif missing := [anchor for anchor in kept if anchor.statement not in in_files]:
        verdict.remark(f"{len(missing)} anchors of the database have no file under {folder}")
    good = []
    for anchor in {one.statement: one for one in (*kept, *(one for _, one in found))}.values():
        if anchoring.holds(anchor, certificate=certificate):
            good.append(anchor)
        else:
            verdict.fault("its anchor was not signed by our key", block=anchor.block)
    return good


def _readable(folder: Path, verdict: Verdict) -> Iterator[tuple[Path, anchoring.Anchor]]:
    for path in sorted(folder.glob("*.json")):
        try:
            yield path, anchoring.read(path)
        except anchoring.NotAnAnchor as wrong:
            verdict.fault(str(wrong))
