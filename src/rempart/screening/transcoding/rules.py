"""The transcoding table of a laboratory: its own code → LOINC, its own words → P, N, I, X.

It speaks only where nobody else does: a LOINC code, and a word of the common table of results, mean the same for
every laboratory and are never translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rempart.foundation.terminology import Pathogen, loinc, result_of
from rempart.foundation.terminology.spelling import normalise
from rempart.foundation.terminology.values import Result

LONGEST = 100
"""Characters of a code or of words that a line translates."""

SHOWN_AFTER = 3
"""Messages in which a text was met before it is shown: a name that damage put there is met once."""

_CODE_LENGTH = 12
_CODE_DIGITS = 3


class Kind(StrEnum):
    """What a line translates."""

    ANALYSIS = "analysis"  # the code of an analysis, to a LOINC code
    RESULT = "result"  # the words of a result, to its letter


class Fault(StrEnum):
    """Why a line is not taken; stable codes."""

    EMPTY = "empty"
    LONG = "long"
    KEY = "key"  # not a LOINC code, or its check digit is wrong
    NOT_PUBLISHED = "not-published"  # not an analysis whose results the platform gives
    LETTER = "letter"  # neither P, N, I nor X
    KNOWN = "known"  # means something for everybody: no laboratory may say otherwise
    CONFLICT = "conflict"  # another line says something else from that day on
    REPEAT = "repeat"  # a line says the same already
    PAST = "past"  # a day that is over: what was judged then is not judged differently


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, in force for messages judged from `since` on and until the day before `until`."""

    kind: Kind
    source: str  # as `written`
    target: str
    since: date
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


def written(kind: Kind, text: str) -> str:
    """The form under which a text is compared: a code without stray spaces, words without case and accents."""
    return " ".join(text.split()) if kind is Kind.ANALYSIS else normalise(text)


def faults(line: Line, *, others: Iterable[Line], pathogen: Pathogen, today: date) -> list[Fault]:
    """Everything that keeps a line from the table; `others` are the laboratory's lines for the same source."""
    found = [*_source_faults(line, pathogen), *_target_faults(line, pathogen)]
    if line.since < today:
        found.append(Fault.PAST)
    meeting = [one for one in others if one.since != one.until and _overlap(one, line)]
    if any(one.target != line.target for one in meeting):
        found.append(Fault.CONFLICT)
    elif meeting:
        found.append(Fault.REPEAT)
    return found


def _source_faults(line: Line, pathogen: Pathogen) -> list[Fault]:
    if not line.source:
        return [Fault.EMPTY]
    if len(line.source) > LONGEST:
        return [Fault.LONG]
    if line.kind is Kind.ANALYSIS:
        return [Fault.KNOWN] if loinc.is_valid(line.source) else []
    means = line.source in pathogen.not_results or result_of(line.source) is not None
    return [Fault.KNOWN] if means else []


def _target_faults(line: Line, pathogen: Pathogen) -> list[Fault]:
    if line.kind is Kind.RESULT:
        return [] if line.target in set(Result) else [Fault.LETTER]
    if not loinc.is_valid(line.target):
        return [Fault.KEY]
    analysis = pathogen.analysis(line.target)
    return [] if analysis is not None and analysis.published else [Fault.NOT_PUBLISHED]


def _overlap(one: Line, other: Line) -> bool:
    ends_before = one.until is not None and one.until <= other.since
    begins_after = other.until is not None and other.until <= one.since
    return not (ends_before or begins_after)


def is_shown(text: str, *, messages: int) -> bool:
    """Whether a text met where a code or a result is expected may be shown: it has the shape of a local code
    ("PCRCOV2"), or it was met in several messages."""
    return messages >= SHOWN_AFTER or _looks_like_a_code(text)


def _looks_like_a_code(text: str) -> bool:
    """Short, with a letter and a digit, and no more digits than a telephone, a date or a number of a person has."""
    digits = sum(c.isdigit() for c in text)
    return len(text) <= _CODE_LENGTH and 0 < digits <= _CODE_DIGITS and any(c.isalpha() for c in text)


Entries = Mapping[tuple[str, Kind, str], str]
"""What each laboratory (FINESS) says: kind and source → target."""


class Transcoding:
    """The lines in force of every laboratory, as the decoders ask them.

    One per process: `become` replaces what it says in one assignment, so that a thread that asks meanwhile sees the
    old table or the new one.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Entries | None = None) -> None:
        self._entries = entries or {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def become(self, entries: Entries) -> None:
        self._entries = entries

    def analysis(self, laboratory: str, code: str) -> str:
        """The LOINC code of a laboratory's own code; "" when its table does not say."""
        return self._entries.get((laboratory, Kind.ANALYSIS, written(Kind.ANALYSIS, code)), "")

    def result(self, laboratory: str, words: str) -> Result | None:
        """The result that a laboratory's own words mean; None when its table does not say."""
        if len(words) > LONGEST:
            return None
        letter = self._entries.get((laboratory, Kind.RESULT, written(Kind.RESULT, words)))
        return Result(letter) if letter else None
