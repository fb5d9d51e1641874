"""Quarters, and what a review still asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rempart.foundation.access.accounts.policy import AccountPolicy


class Choice(StrEnum):
    """What is decided of an account."""

    KEEP = "keep"
    REDUCE = "reduce"  # its perimeter, before the review can be signed
    SUSPEND = "suspend"  # at once


class State(StrEnum):
    """Where a review stands."""

    AHEAD = "ahead"  # not begun
    UNDER_WAY = "under-way"
    OVERDUE = "overdue"  # not signed on its day
    SIGNED = "signed"


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Three months of a year: "2026Q4"."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def read(cls, text: str) -> Quarter:
        """Raises ValueError for what is none."""
        year, _, number = text.partition("Q")
        if len(year) != 4 or not year.isdecimal() or number not in ("1", "2", "3", "4"):
            raise ValueError(f"{text!r} is no quarter")
        return cls(int(year), int(number))

    @property
    def first_day(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


def due_on(quarter: Quarter, *, policy: AccountPolicy) -> date:
    """The last day for the review of a quarter."""
    return quarter.first_day + policy.review


def state(quarter: Quarter, *, begun: bool, signed: bool, policy: AccountPolicy, today: date) -> State:
    if signed:
        return State.SIGNED
    if today > due_on(quarter, policy=policy):
        return State.OVERDUE
    return State.UNDER_WAY if begun else State.AHEAD


def is_reduced(now: Collection[str], before: Collection[str]) -> bool:
    """Whether a perimeter lost something and won nothing since it was decided."""
    return set(now) < set(before)
