"""What breaking the glass asks for, and how long it lasts."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Refusal(StrEnum):
    """Why the glass holds."""

    NO_DEPARTMENT = "no-department"
    TOO_MANY = "too-many"
    UNKNOWN = "unknown"
    ALREADY_SEEN = "already-seen"
    NO_REASON = "no-reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassPolicy:
    since: date
    lasts: timedelta
    most_departments: int
    shortest_reason: int


@cache
def policies() -> Sequence[GlassPolicy]:
    """Every version of data/glass.toml, oldest first."""
    text = (files("rempart.foundation.access") / "data" / "glass.toml").read_text("utf-8")
    rows = sorted(tomllib.loads(text)["version"], key=lambda row: row["from"])
    return [
        GlassPolicy(
            since=row["from"],
            lasts=timedelta(hours=row["hours"]),
            most_departments=row["most_departments"],
            shortest_reason=row["shortest_reason"],
        )
        for row in rows
    ]


def policy_on(day: date) -> GlassPolicy:
    """The policy in force on a day; the first one for the days before it."""
    return max((p for p in policies() if p.since <= day), key=lambda p: p.since, default=policies()[0])


def refusals(
    *,
    departments: Sequence[str],
    reason: str,
    home: Collection[str],
    known: Collection[str],
    policy: GlassPolicy,
) -> list[Refusal]:
    """Everything that keeps the glass whole; empty when it may be broken.

    `home`: departments the agent sees anyway; `known`: those that exist. A reason is counted without the
    spaces around and between its words.
    """
    asked = set(departments)
    found = []
    if not asked:
        found.append(Refusal.NO_DEPARTMENT)
    if len(asked) > policy.most_departments:
        found.append(Refusal.TOO_MANY)
    if asked - set(known):
        found.append(Refusal.UNKNOWN)
    if asked & set(home):
        found.append(Refusal.ALREADY_SEEN)
    if len("".join(reason.split())) < policy.shortest_reason:
        found.append(Refusal.NO_REASON)
    return found
