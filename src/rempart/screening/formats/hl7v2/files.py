"""HL7 v2, the file level: where each message starts and ends, whatever wraps them.

One message or many, batches (`FHS BHS MSH… BTS FTS`), MLLP bytes (0x0B … 0x1C 0x0D) left around messages, and
any line ends. Sizes count bytes, so that a message can be kept exactly as it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

_WRAPPING = b"\x0b\x1c\r\n\t \x00\x1a"  # around a message: frames, blank lines, padding, DOS end of file
_BEFORE_SEGMENT = b"\r\n\x0b\x1c"
_AT_ONCE = [0]
_MOST_MESSAGES = 500_000  # of a file: they are a kilobyte each. What comes after belongs to the last one
_MOST_BATCHES = 20_000  # segments of an envelope, of each name; those after are not looked at
_DIGITS = 6  # of a count; a longer number counts no messages
_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")


@dataclass(slots=True)
class Slice:
    """The bytes of one message, and what was wrong around it."""

    raw: bytes
    findings: tuple[Finding, ...]


def holds_a_message(payload: bytes) -> bool:
    """Whether some line of the payload starts an HL7 message or batch."""
    return any(_all(payload, name, limit=1) for name in (b"MSH", b"FHS", b"BHS"))


def split(payload: bytes) -> Iterator[Slice]:
    """The messages of a payload, in order. Nothing when there is none.

    The count of a batch is judged with its last message, that of the file with the last of all.
    """
    starts = _all(payload, b"MSH", limit=_MOST_MESSAGES)
    if not starts:
        return
    wrapping = _wrapping_segments(payload)
    if starts == _AT_ONCE and not wrapping:  # one message and nothing else
        yield Slice(payload.strip(_WRAPPING), ())
        return
    marks = sorted([*starts, *(at for at, _ in wrapping)]) if wrapping else starts
    ends = dict(zip(marks, [*marks[1:], len(payload)], strict=True))
    notes = _counts(payload, starts, wrapping, ends) if wrapping else {}
    if marks[0] and payload[: marks[0]].strip(_WRAPPING):
        notes.setdefault(starts[0], []).insert(0, finding("F06", "before", "start of the file"))
    for start in starts:
        raw = payload[start : ends[start]].strip(_WRAPPING)
        yield Slice(raw, tuple(notes[start]) if start in notes else ())


def _wrapping_segments(payload: bytes) -> list[tuple[int, bytes]]:
    """Where the segments of an envelope start, in order, with their names."""
    if b"HS" not in payload and b"TS" not in payload:  # the ends of all four names: most files have none
        return []
    return sorted((at, name) for name in _ENVELOPE for at in _all(payload, name, limit=_MOST_BATCHES))


def _counts(
    payload: bytes, starts: list[int], wrapping: list[tuple[int, bytes]], ends: dict[int, int]
) -> dict[int, list[Finding]]:
    """Findings on the counts of BTS-1 and FTS-1, by the message that each closes; one of a kind for each."""
    notes: dict[int, list[Finding]] = {}
    noted: set[tuple[int, bytes]] = set()
    messages = batches = 0
    last = starts[0]
    events = sorted([(at, b"MSH") for at in starts] + wrapping)
    for at, name in events:
        note: Finding | None = None
        if name == b"MSH":
            messages, last = messages + 1, at
        elif name == b"BHS":
            messages = 0
        elif name == b"BTS":
            batches += 1
            note = _compare(payload[at : ends[at]], messages, "BTS-1", "messages")
            messages = 0
        elif name == b"FTS":
            note = _compare(payload[at : ends[at]], batches, "FTS-1", "batches")
        if note is not None and (last, name) not in noted:
            noted.add((last, name))
            notes.setdefault(last, []).append(note)
    return notes


def _compare(line: bytes, found: int, place: str, what: str) -> Finding | None:
    """A finding when the first field of a trailer is not the number found; empty announces nothing."""
    fields = line.strip(_WRAPPING).split(line[3:4]) if len(line) > 3 else []
    announced = fields[1].strip() if len(fields) > 1 else b""
    if not announced:
        return None
    if not announced.isdigit() or len(announced) > _DIGITS:
        return finding("F05", "count", place)
    if int(announced) == found:
        return None
    return finding("F05", what, place, announced=int(announced), found=found)


def _all(payload: bytes, name: bytes, *, limit: int = 0) -> list[int]:
    """Where the lines that are this segment start; no more than `limit` when it is not 0."""
    found: list[int] = []
    at = payload.find(name)
    if at < 0:
        return found
    # Padding may stand before the first segment.
    first = 0 if at == 0 else len(payload) - len(payload.lstrip(_WRAPPING))
    while at >= 0:
        if at == first or payload[at - 1] in _BEFORE_SEGMENT:
            after = payload[at + 3 : at + 4]
            if not (after.isalnum() or after in b" _"):
                found.append(at)
                if len(found) == limit:
                    break
        at = payload.find(name, at + 3)
    return found
