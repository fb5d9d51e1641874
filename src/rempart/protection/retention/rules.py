"""When keys and digests die, what a hold may be, and what of a table is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from rempart.foundation.retention import Kind, Version, last_day, longest
from rempart.foundation.vault import periods

ONE_DAY = timedelta(days=1)
LONGEST_HOLD = timedelta(days=5 * 366)
"""A judge's order that runs longer is placed again: nothing is kept for ever by a date nobody looks at."""


def digests_dead_until(today: date, kinds: Iterable[Sequence[Version]]) -> date:
    """The last day of the newest half-year of which everything indexed is past its day.

    Its index key may be destroyed, and what was digested under it says nothing any more. `kinds`: the
    retention of whatever is looked up by a blind index (results; their identities and ledgers go by it).
    """
    versions = [list(one) for one in kinds]
    name = periods.period_of(today)
    while True:
        end = periods.first_day(name) - ONE_DAY
        name = periods.period_of(end)
        if longest(periods.first_day(name), end, versions, today=today) < today:
            return end


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """Results received on a day that were to be kept until `was`, and by a later law until `due`."""

    day: date
    result: str
    was: date
    due: date


def misplaced(since: date, today: date, by_result: Mapping[str, Sequence[Version]]) -> list[Misplaced]:
    """Where a version of the policy moved the day of what was received from `since` to `today`.

    Empty as long as no version came in that time.
    """
    days = [since + timedelta(days=n) for n in range((today - since).days + 1)]
    return [
        Misplaced(day=day, result=result, was=was, due=due)
        for result, versions in by_result.items()
        for day in days
        for due in (last_day(day, versions, today=today),)
        for was in sorted({day + timedelta(days=version.days) for version in versions} - {due})
        if due != last_day(day, versions, today=day)
    ]


def sealed_now(today: date, kinds: Iterable[Sequence[Version]]) -> set[date]:
    """The days for which what arrives about now is sealed: their keys are in use, whatever the tables say."""
    near = [today + timedelta(days=n) for n in (-2, -1, 0, 1)]
    return {last_day(day, versions, today=day) for versions in kinds for day in near}


class NotAHold(ValueError):
    """The end of a hold is not a day to come, or too far away."""


def hold_until(until: date, *, today: date) -> date:
    """The last day of a hold. Raises NotAHold."""
    if not today < until <= today + LONGEST_HOLD:
        raise NotAHold
    return until


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the proof says of one table: the last day of what must go first (None: it is empty)."""

    table: str
    kind: Kind
    first_due: date | None
    overdue: bool


def line(*, table: str, kind: Kind, first_due: date | None, today: date) -> Line:
    """A row whose last day is yesterday or earlier should have gone."""
    overdue = first_due is not None and first_due < today
    return Line(table=table, kind=kind, first_due=first_due, overdue=overdue)


def overdue_keys(names: Iterable[str], *, today: date, digests_dead: date) -> list[str]:
    """The keys among these (`data/<purpose>/<day>`, `index/<period>`) that should be destroyed by now."""
    found = []
    for name in names:
        folder, _, rest = name.partition("/")
        late = (folder == "data" and date.fromisoformat(rest.rpartition("/")[2]) < today) or (
            folder == "index" and periods.last_day(rest) <= digests_dead
        )
        if late:
            found.append(name)
    return sorted(found)
