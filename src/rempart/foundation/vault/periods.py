"""Periods of blind-index keys: half-years, each with one key, or several when one was replaced early.

A period is written "2026H2"; the key that replaced its first one, "2026H2-2".
"""

from __future__ import annotations

import re
from datetime import date

_NAME = re.compile(r"([0-9]{4})H([12])(?:-([2-9]|[1-9][0-9]+))?")


def period_of(day: date) -> str:
    """The period whose key indexes what arrives on `day`: "2026H2"."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"


def order(name: str) -> tuple[int, int, int]:
    """Year, half and which key of that half-year: what names are sorted by. Raises ValueError."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no period of an index key")
    return int(found[1]), int(found[2]), int(found[3] or 1)


def first_day(name: str) -> date:
    year, half, _ = order(name)
    return date(year, 1 if half == 1 else 7, 1)


def last_day(name: str) -> date:
    year, half, _ = order(name)
    return date(year, 6, 30) if half == 1 else date(year, 12, 31)


def following(name: str) -> str:
    """The name of the key that replaces this one within its half-year."""
    year, half, key = order(name)
    return f"{year}H{half}-{key + 1}"
