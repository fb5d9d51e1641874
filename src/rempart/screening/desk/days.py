"""Days that are alike, and when the silence of a laboratory means something (data/silence.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources

_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday


class DayKind(StrEnum):
    """What is usual on a day depends on this."""

    WORKING = "working"
    SATURDAY = "saturday"
    SUNDAY = "sunday"  # and public holidays


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencePolicy:
    """A laboratory is a daily sender of a kind of days when it sent on `sent` of the last `looked_at` of them."""

    since: date
    looked_at: int
    sent: int
    source: str


def policy_on(day: date) -> SilencePolicy:
    """The policy in force on a day; the first one for the days before it."""
    in_force = _policies()[0]
    for policy in _policies():
        if policy.since <= day:
            in_force = policy
    return in_force


def kind_of(day: date) -> DayKind:
    if day.weekday() == _SUNDAY or day in _holidays(day.year):
        return DayKind.SUNDAY
    return DayKind.SATURDAY if day.weekday() == _SATURDAY else DayKind.WORKING


def last_alike(day: date, *, count: int) -> list[date]:
    """The last days of the same kind before a day, newest first."""
    found: list[date] = []
    kind, earlier = kind_of(day), day
    while len(found) < count:
        earlier -= _DAY
        if kind_of(earlier) is kind:
            found.append(earlier)
    return found


@lru_cache(maxsize=8)
def _holidays(year: int) -> frozenset[date]:
    """The eleven public holidays of the labour code (art. L3133-1); those of one territory alone are left out."""
    easter = _easter(year)
    moving = {easter + timedelta(days=days) for days in _AFTER_EASTER}
    return frozenset(moving | {date(year, month, day) for month, day in _FIXED})


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=1)
def _policies() -> tuple[SilencePolicy, ...]:
    return tuple(sorted(_read(), key=lambda one: one.since))


def _read() -> Iterator[SilencePolicy]:
    text = resources.files(__package__).joinpath("data/silence.toml").read_text("utf-8")
    for row in tomllib.loads(text)["version"]:
        if not 0 < row["sent"] <= row["looked_at"]:
            raise ValueError(f"silence.toml, {row['from']}: sent must be from 1 to looked_at")
        yield SilencePolicy(
            since=row["from"], looked_at=row["looked_at"], sent=row["sent"], source=row["source"]
        )
