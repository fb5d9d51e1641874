"""An invented epidemic as files: one for each laboratory and day, as laboratories deposit them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rempart.screening.rules.report import Format
from rempart.simulators.choices import DEFAULT_START, Sending
from rempart.simulators.damage import ALONE
from rempart.simulators.laboratory import Epidemic, SimulatedMessage
from rempart.simulators.messages import HPRIM_END, Laboratory

_EXTENSIONS = {
    Format.HL7V2: "hl7", Format.HPRIM_MEDECIN: "hpm", Format.HPRIM_SANTE: "hpr",
    Format.CDA: "xml", Format.FHIR: "ndjson",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written."""

    messages: int
    damaged: int
    files: int
    size: int  # bytes

    def __add__(self, other: Written) -> Written:
        return Written(
            messages=self.messages + other.messages,
            damaged=self.damaged + other.damaged,
            files=self.files + other.files,
            size=self.size + other.size,
        )


def simulate(
    *,
    population: int,
    days: int,
    seed: int,
    out: Path,
    sending: Sending = Sending.MIXED,
    start: date = DEFAULT_START,
    laboratories: int | None = None,
    departments: Sequence[str] = (),
    damaged: float = 0.01,
    advance: Callable[[int], None] = lambda messages: None,
) -> Written:
    """Write the messages of an epidemic under `out` (made when missing) and count them.

    Files are named by day, FINESS number and rank: 2021-04-08_699910005_0001.hl7. What would spoil its
    neighbours (a truncated message, bytes that are none) is a file of its own. `advance` is called
    after each day with the number of messages written that day. Raises as Epidemic does.
    """
    epidemic = Epidemic(
        seed=seed,
        population=population,
        start=start,
        days=days,
        laboratories=laboratories,
        departments=departments,
        sending=sending,
        damaged=damaged,
    )
    out.mkdir(parents=True, exist_ok=True)
    written = Written(messages=0, damaged=0, files=0, size=0)
    for day in range(days):
        today = write_day(epidemic, day, out)
        written += today
        advance(today.messages)
    return written


def write_day(epidemic: Epidemic, day: int, out: Path) -> Written:
    """Write the files of one day of an epidemic (0 is its first) under a folder that is there."""
    by_finess = {lab.finess: lab for lab in epidemic.laboratories()}
    waiting: dict[str, list[SimulatedMessage]] = defaultdict(list)
    for message in epidemic.messages(day):
        waiting[message.laboratory_finess].append(message)
    files = size = 0
    for number, those in waiting.items():
        lab = by_finess[number]
        for rank, content in enumerate(contents(lab, those), start=1):
            name = f"{epidemic.start + timedelta(days=day)}_{number}_{rank:04d}.{_EXTENSIONS[lab.format]}"
            (out / name).write_bytes(content)
            files += 1
            size += len(content)
    return Written(
        messages=sum(map(len, waiting.values())),
        damaged=sum(1 for those in waiting.values() for message in those if message.damage),
        files=files,
        size=size,
    )


def contents(lab: Laboratory, messages: list[SimulatedMessage]) -> list[bytes]:
    """The files of one laboratory and day: first all that can share one, then the others."""
    together = [message.payload for message in messages if message.damage not in ALONE]
    alone = [message.payload for message in messages if message.damage in ALONE]
    if not together:
        return alone
    if lab.format is Format.HPRIM_MEDECIN:
        return [_hprim_file(together, lab), *alone]
    if lab.format is not Format.HL7V2:
        return [b"".join(together), *alone]
    return [_hl7_file(together, lab), *alone]


def _hprim_file(messages: list[bytes], lab: Laboratory) -> bytes:
    end = f"{HPRIM_END}{lab.line_end}".encode()
    return b"".join(message.removesuffix(end) for message in messages) + end


def _hl7_file(messages: list[bytes], lab: Laboratory) -> bytes:
    if not lab.batches:
        return b"".join(messages)
    head = f"FHS|^~\\&|SIL|{lab.finess}{lab.line_end}BHS|^~\\&|SIL|{lab.finess}{lab.line_end}"
    tail = f"BTS|{len(messages)}{lab.line_end}FTS|1{lab.line_end}"
    return head.encode() + b"".join(messages) + tail.encode()
