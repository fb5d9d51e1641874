"""Reading what was counted, for a period: one query for the figures, one for how they came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from rempart.foundation.access.actor import Actor, require
from rempart.foundation.access.rights import Right
from rempart.protection.oversight.rules import STATES, Measure, weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a period, exact: what may be shown of them is for rules.shown to say.

    `by_category`, `by_region` and `by_week` (its Monday) of each measure; a state has no weeks. `counted_at`: when
    the latest of its days was counted; None when none was. `days`: how many of its days were.
    """

    first: date
    last: date
    by_category: Mapping[Measure, Counter[str]]
    by_region: Mapping[tuple[Measure, str], Counter[str]]
    by_week: Mapping[tuple[Measure, str], Counter[date]]
    counted_at: datetime | None
    days: int

    def categories(self, measure: Measure) -> Counter[str]:
        return self.by_category.get(measure, Counter())

    def regions(self, measure: Measure, *categories: str) -> Counter[str]:
        """By region, of these categories; of all when none is named."""
        found: Counter[str] = Counter()
        for (one, category), counts in self.by_region.items():
            if one is measure and (not categories or category in categories):
                found += counts
        return found

    def weeks(self, measure: Measure, *categories: str) -> dict[date, int]:
        """By week, of these categories (of all when none is named), weeks without any among them."""
        found: Counter[date] = Counter()
        for (one, category), counts in self.by_week.items():
            if one is measure and (not categories or category in categories):
                found += counts
        return {monday: found[monday] for monday in weeks(self.first, self.last)}

    def total(self, measure: Measure) -> int:
        return self.categories(measure).total()


_FIGURES = """
    SELECT measure, category, region, date_trunc('week', day)::date, sum(value)::bigint
    FROM oversight_figure
    WHERE (day BETWEEN %(first)s AND %(last)s AND NOT measure = ANY(%(states)s))
       OR (measure = ANY(%(states)s)
           AND day = (SELECT max(day) FROM oversight_counted WHERE day BETWEEN %(first)s AND %(last)s))
    GROUP BY 1, 2, 3, 4"""
_COUNTED = "SELECT max(counted_at), count(*) FROM oversight_counted WHERE day BETWEEN %(first)s AND %(last)s"


def figures(*, actor: Actor, first: date, last: date) -> Figures:
    """What was counted from `first` to `last`. Raises NotAllowed for whoever does not watch over the platform."""
    require(actor, Right.OVERSIGHT_READ)
    by_category: dict[Measure, Counter[str]] = {}
    by_region: dict[tuple[Measure, str], Counter[str]] = {}
    by_week: dict[tuple[Measure, str], Counter[date]] = {}
    asked: dict[str, Any] = {"first": first, "last": last, "states": [state.value for state in STATES]}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, asked)
        for name, category, region, monday, value in cursor.fetchall():
            measure = Measure(name)
            by_category.setdefault(measure, Counter())[category] += value
            by_region.setdefault((measure, category), Counter())[region] += value
            if measure not in STATES:
                by_week.setdefault((measure, category), Counter())[monday] += value
        cursor.execute(_COUNTED, asked)
        counted_at, days = cursor.fetchone()
    return Figures(
        first=first,
        last=last,
        by_category=by_category,
        by_region=by_region,
        by_week=by_week,
        counted_at=counted_at,
        days=days,
    )
