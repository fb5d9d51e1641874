"""What a laboratory has to correct, and how long its results were under way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rempart.screening.rules.report import Outcome, Precision, Severity

MOST_HOURS = 48
"""Delays are counted by whole hours; those of so many and more are counted together."""

A_DAY = 24

_HOUR = timedelta(hours=1)
_HOLDING = frozenset({"A04", "H04", "R04", "R07"})
"""Warnings for which a message is held rather than published."""

TIMED = frozenset({Precision.HOUR, Precision.MINUTE, Precision.SECOND})
"""How precisely a sampling time must be known for its delay to mean something."""


class State(StrEnum):
    """Where a refused message stands."""

    OPEN = "open"  # to correct
    REPLACED = "replaced"  # a better one took its place: it was sent or judged again
    ASIDE = "aside"  # somebody of the laboratory said that there is nothing to correct


class Reason(StrEnum):
    """Why somebody opens a message that names a person."""

    CORRECT = "correct"  # to find the record and correct it
    ASKED = "asked"  # the person or her doctor asks where the result is
    SOFTWARE = "software"  # to show the maker of the software what it writes


def to_correct(outcome: Outcome, findings: Iterable[Sequence[str]]) -> list[str]:
    """The codes that keep a message back, in the order they were said, of [code, severity, location] rows."""
    said = list(findings)
    if outcome is Outcome.REJECTED:
        found = [row[0] for row in said if row[1] == Severity.ERROR.value]
    else:
        found = [row[0] for row in said if row[0] in _HOLDING]
        if set(found) - {"R04"}:  # it says no more than that the result is held
            found = [code for code in found if code != "R04"]
    return list(dict.fromkeys(found))


def hours_between(start: datetime, end: datetime) -> int:
    """The place of a delay among the counts; clocks that disagree make none shorter than nothing."""
    return min(max((end - start) // _HOUR, 0), MOST_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How long results were under way. `median` in hours, None where half of them took MOST_HOURS and more."""

    results: int
    median: float | None
    under_a_day: float  # share, 0 to 1


def delay(counts: Sequence[int]) -> Delay | None:
    """The delay of results counted by whole hours; None without any.

    Within its hour the median is where an even spread of the hour's results puts it.
    """
    total = sum(counts)
    if not total:
        return None
    median, before = None, 0
    for hours, count in enumerate(counts[:MOST_HOURS]):
        if count and before + count >= total / 2:
            median = hours + (total / 2 - before) / count
            break
        before += count
    return Delay(results=total, median=median, under_a_day=sum(counts[:A_DAY]) / total)
