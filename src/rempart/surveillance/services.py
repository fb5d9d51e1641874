"""The figures of an epidemic, counted again only when the facts changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from rempart.foundation import facts, territories
from rempart.surveillance import rules
from rempart.surveillance.rules import NATION, Count, Day

_counting = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Daily counts of the nation (key NATION) and of each department that has any."""

    counts: Mapping[str, Mapping[date, Count]]
    first: date | None  # first and last day with a test; None when there is none
    last: date | None
    today: date
    version: str  # equal as long as the facts are: fit for an ETag

    def days(self, territory: str, *, first: date, last: date) -> tuple[Day, ...]:
        return rules.days(self.counts.get(territory, {}), first=first, last=last)

    def week(self, territory: str, *, ending: date) -> Count:
        return rules.week(self.counts.get(territory, {}), ending=ending)


def figures(*, root: Path, pathogen: str, today: date) -> Figures:
    """All figures of a pathogen up to today, from the facts under `root`."""
    with _counting:  # many readers, one count
        return _figures(root, pathogen, today, facts.fingerprint(root))


@cache
def population(territory: str) -> float:
    """Inhabitants, as SI-DEP's own rates had them (INSEE, 1 January 2020); 0 where no figure exists."""
    if territory == NATION:
        return sum(population(code) for code in territories.departments())
    return sum(territories.population_by_class(territory).values())


@lru_cache(maxsize=4)
def _figures(root: Path, pathogen: str, today: date, files: tuple[tuple[str, int, int], ...]) -> Figures:
    counted = facts.query(root, lambda table: rules.daily(table, pathogen=pathogen, until=today))
    rows = zip(*(counted[name].to_pylist() for name in counted.column_names), strict=True)
    counts = rules.by_territory(
        (on, department, Count(tests=tests, positives=positives)) for on, department, tests, positives in rows
    )
    nation = counts[NATION]
    return Figures(
        counts=counts,
        first=min(nation, default=None),
        last=max(nation, default=None),
        today=today,
        version=blake2b(repr((files, pathogen, today)).encode(), digest_size=12).hexdigest(),
    )
