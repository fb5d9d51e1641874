"""What is counted, over which period, and what of it may be shown: pure functions."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

LEAST = 5
"""The smallest number that is shown, zero apart. Ours; the threshold that French official statistics of health commonly take
lies between 5 and 11, and these figures cross two traits at most."""

Key = TypeVar("Key", bound=Hashable)


class Measure(StrEnum):
    """What is counted each day. A state (accounts, requests open) is counted as it stands at the end of the day."""

    ACCOUNTS = "accounts"  # open ones, by role
    CLOSED_ACCOUNTS = "closed-accounts"  # suspended ones, by reason
    SIGN_INS = "sign-ins"  # by role
    REFUSED_SIGN_INS = "refused-sign-ins"
    RECEPTION = "reception"  # results, by hours from sampling to reception
    OPENING = "opening"  # cases, by minutes from reception to opening
    CALLING = "calling"  # cases, by hours from opening to the call, or what became of them
    ACTS = "acts"  # entries of the audit about persons' data, by act
    ACCESSES = "accesses"  # the same, by role
    REFUSALS = "refusals"  # refused accesses, by role
    GLASS = "glass"  # glasses broken, by what the review said
    ALERTS = "alerts"  # made by detection, by rule
    CLOSED_ALERTS = "closed-alerts"  # by rule
    OPEN_ALERTS = "open-alerts"  # by state
    EXCHANGES = "exchanges"  # files handed over, by motive
    DESTROYED_ROWS = "destroyed-rows"  # by table
    DESTROYED_KEYS = "destroyed-keys"
    OVERDUE = "overdue"  # days by which forgetting is behind
    REQUESTS = "requests"  # of persons concerned, made, by kind
    ANSWERED = "answered"  # closed, in time or late
    OPEN_REQUESTS = "open-requests"  # due or overdue


STATES = frozenset(
    {
        Measure.ACCOUNTS, Measure.CLOSED_ACCOUNTS, Measure.OPEN_ALERTS, Measure.OVERDUE, Measure.OPEN_REQUESTS,
    }
)  # fmt: skip
"""Measures of a state: the last day of a period stands for it, days are not added up."""

RECEPTION_HOURS = (12, 24, 48, 72)
OPENING_MINUTES = (1, 10, 60)
CALLING_HOURS = (4, 12, 24, 48)
CALLED_IN_TIME = frozenset({"4", "12", "24"})
"""The classes of a call within 24 hours."""
NOT_CALLED = ("waiting", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Quarter:
    """A quarter of a year."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(year=day.year, number=(day.month - 1) // 3 + 1)

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """From "2026Q4" or "2026T4". Raises ValueError for anything else."""
        found = re.fullmatch(r"(20\d\d)[QT]([1-4])", text, re.ASCII)
        if found is None:
            raise ValueError(f"{text!r} is no quarter: write it as 2026Q4")
        return cls(year=int(found[1]), number=int(found[2]))

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Quarter:
        if self.number == 4:
            return Quarter(year=self.year + 1, number=1)
        return Quarter(year=self.year, number=self.number + 1)

    @property
    def previous(self) -> Quarter:
        return Quarter.of(self.first - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[Key]):
    """Counts as they may be shown, and their total; None is hidden."""

    cells: Mapping[Key, int | None]
    total: int | None


def shown(cells: Mapping[Key, int], *, least: int = LEAST) -> Shown[Key]:
    """What may be shown of counts and of their total; a count from 1 to `least` - 1 never is.

    Nobody shall find a hidden count by subtracting the others from the total. One alone would follow from it, and
    so would several that are all 1, or all `least` - 1: then the smallest of the larger ones is hidden with them,
    and where there is none, the total.
    """
    small = {key: value for key, value in cells.items() if 0 < value < least}
    hidden, total = set(small), sum(cells.values())
    told = sum(small.values()) in {len(small), len(small) * (least - 1)} or len(small) == 1
    others = [key for key, value in cells.items() if value >= least]
    if small and told and others:
        hidden.add(min(others, key=lambda key: cells[key]))
    total_is_hidden = 0 < total < least or (bool(small) and told and not others)
    return Shown(
        cells={key: None if key in hidden else value for key, value in cells.items()},
        total=None if total_is_hidden else total,
    )


def share(part: int, whole: int, *, least: int = LEAST) -> int | None:
    """A share in whole per cent; None when it is of too few (fewer than four times `least`) to say anything of a group
    and nothing of a person."""
    return None if whole < 4 * least else round(100 * part / whole)


def classes(bounds: tuple[int, ...]) -> tuple[str, ...]:
    """The categories of a delay: up to each bound, and later."""
    return (*(str(bound) for bound in bounds), "later")


def weeks(first: date, last: date) -> tuple[date, ...]:
    """The Mondays of the weeks that a period touches."""
    monday = first - timedelta(days=first.weekday())
    return tuple(monday + timedelta(days=7 * n) for n in range((last - monday).days // 7 + 1))
