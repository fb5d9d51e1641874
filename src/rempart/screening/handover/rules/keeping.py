"""Whose certificates go to the laboratory, and until when: data/policy.toml, by the day of sampling."""

from __future__ import annotations

import calendar
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from importlib import resources


class Whom(StrEnum):
    UNREACHABLE = "unreachable"  # neither mobile phone nor e-mail
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds from a day of sampling on."""

    since: date
    whom: Whom
    negative_hours: int
    positive_months: int
    most_bytes: int
    source: str


def kept_until(
    sampled_at: datetime, *, knows_hour: bool, positive: bool, zone: tzinfo, policy: Policy
) -> datetime:
    """The moment from which a certificate is kept no longer, by the laboratory and by us.

    Hours after the hour of sampling for results that are not positive, months after its day for those that are (the
    guide, section 5). Of a sampling whose hour nobody said, the last one of its day counts. `zone`: the legal time of the
    place of sampling, whose days are meant.
    """
    day = sampled_at.astimezone(zone).date()
    if positive:
        return _end_of(_months_after(day, policy.positive_months), zone)
    start = sampled_at if knows_hour else _end_of(day, zone)
    return start.astimezone(UTC) + timedelta(
        hours=policy.negative_hours
    )  # hours as they pass, whatever the clock does


def policy(day: date) -> Policy:
    """The policy for what was sampled on a day; the first one for the days before it."""
    return max((one for one in policies() if one.since <= day), key=_since, default=policies()[0])


@lru_cache(maxsize=1)
def policies() -> tuple[Policy, ...]:
    """Every version, oldest first."""
    text = resources.files("rempart.screening.handover").joinpath("data/policy.toml").read_text("utf-8")
    found: list[Policy] = []
    said: dict[str, object] = {}
    for row in sorted(tomllib.loads(text)["version"], key=lambda row: row["from"]):
        said = {**said, **row}
        found.append(
            Policy(
                since=row["from"],
                whom=Whom(str(said["whom"])),
                negative_hours=int(str(said["negative_hours"])),
                positive_months=int(str(said["positive_months"])),
                most_bytes=int(str(said["most_bytes"])),
                source=row["source"],
            )
        )
    return tuple(found)


def _since(one: Policy) -> date:
    return one.since


def _months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
