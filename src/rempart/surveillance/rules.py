"""What is counted, and how a rate is made of it.

Only interpretable results of virological tests count (P or N; RT-PCR and antigen; not serology), on the day
of sampling, in the department of residence; a test whose department is unknown counts for the nation only.
T and P here are numbers of tests. Santé publique France counts persons, once per 60 days, and takes as
7-day denominator the distinct persons tested in the window: a 7-day sum of T is larger than theirs (ratio
0.99 in mid 2020, 0.89 in August 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate

from ibis import Table

from rempart.foundation.facts import Kind, Result

WINDOW = 7  # days
PER = 100_000  # inhabitants
CONSOLIDATION = 3  # days until a day's results have come in: the open data ended at J-3
NATION = ""


class Measure(StrEnum):
    """What the map shows."""

    INCIDENCE = "incidence"
    POSITIVITY = "positivite"


CLASSES: Mapping[Measure, tuple[float, ...]] = {
    Measure.INCIDENCE: (0, 10, 20, 50, 150, 250, 500, 1000),
    Measure.POSITIVITY: (0, 1, 5, 10, 15, 20),
}
"""Lower bounds of the classes of the SI-DEP open data (ti_classe, tp_classe), closed at the left."""

_TELLING = 2  # the rank that a tenth of the departments must reach for a map to show anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Tests and positive tests; the sum over several days adds them."""

    tests: int = 0
    positives: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(tests=self.tests + other.tests, positives=self.positives + other.positives)

    def __sub__(self, other: Count) -> Count:
        return Count(tests=self.tests - other.tests, positives=self.positives - other.positives)

    @property
    def positivity(self) -> float | None:
        """Positive tests per hundred tests; None without a test."""
        return 100 * self.positives / self.tests if self.tests else None

    def incidence(self, population: float) -> float | None:
        """Positive tests per 100,000 inhabitants; None without inhabitants."""
        return PER * self.positives / population if population else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One civil day: its own count, and that of the seven days that end with it."""

    on: date
    count: Count
    week: Count


def daily(facts: Table, *, pathogen: str, until: date) -> Table:
    """Tests and positives by day and department: columns sampled_on, department, tests, positives.

    Days later than `until` are left out: a laboratory's wrong clock must not move the curve.
    """
    counted = facts.filter(
        facts.pathogen == pathogen,
        facts.kind.isin([Kind.NAAT.value, Kind.ANTIGEN.value]),
        facts.result.isin([Result.POSITIVE.value, Result.NEGATIVE.value]),
        facts.sampled_on <= until,
    )
    return counted.group_by("sampled_on", "department").aggregate(
        tests=counted.count(), positives=(counted.result == Result.POSITIVE.value).sum()
    )


def by_territory(rows: Iterable[tuple[date, str, Count]]) -> dict[str, dict[date, Count]]:
    """The counts of each department, and of the nation (key NATION), which is more than their sum."""
    territories: dict[str, dict[date, Count]] = {NATION: {}}
    for on, department, count in rows:
        for key in {NATION, department}:
            days = territories.setdefault(key, {})
            days[on] = days.get(on, Count()) + count
    return territories


def days(counts: Mapping[date, Count], *, first: date, last: date) -> tuple[Day, ...]:
    """Every civil day from first to last, days without a test included, with its sliding week.

    The week of the first days reaches back to counts before `first`.
    """
    start = first - timedelta(days=WINDOW - 1)
    length = (last - start).days + 1
    every = [counts.get(start + timedelta(days=n), Count()) for n in range(length)]
    total = list(accumulate(every, initial=Count()))
    return tuple(
        Day(on=start + timedelta(days=n), count=every[n], week=total[n + 1] - total[n + 1 - WINDOW])
        for n in range(WINDOW - 1, length)
    )


def week(counts: Mapping[date, Count], *, ending: date) -> Count:
    """The count of the seven days that end with a day."""
    return sum((counts.get(ending - timedelta(days=n), Count()) for n in range(WINDOW)), start=Count())


def bounds_for(measure: Measure, reached: float) -> tuple[float, ...]:
    """Lower bounds of the classes; those of the open data, divided by ten until what is `reached` stands out.

    `reached` is the value of the department a tenth of them are above: one alone does not make a map pale.
    Incidence is far below the official classes between two waves, or where only a part of the country reports.
    """
    bounds = CLASSES[measure]
    while measure is Measure.INCIDENCE and 0 < reached < bounds[_TELLING]:
        bounds = tuple(bound / 10 for bound in bounds)
    return bounds


def class_of(value: float | None, bounds: Sequence[float]) -> int | None:
    """The rank of the class a value falls in; None for no value."""
    if value is None:
        return None
    return sum(value >= bound for bound in bounds) - 1


def change(now: float | None, before: float | None) -> float | None:
    """How much a figure moved, in per cent of what it was; None where that has no meaning."""
    if now is None or not before:
        return None
    return 100 * (now - before) / before
