"""How long is kept what was collected on a day: dated versions, and what a new one does to what is there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

_DAY = timedelta(days=1)


class Kind(StrEnum):
    """What has a retention of its own. RESULT and what follows it have that of their disease's file, EXCHANGE
    that which its sender chose (protection/exchange)."""

    RESULT = "result"
    REFUSED_MESSAGE = "refused-message"
    ENTRY = "entry"
    REGISTRATION = "registration"
    PREREGISTRATION = "preregistration"
    MESSAGE_TRACE = "message-trace"
    DEPOSITED_FILE = "deposited-file"
    UPLOAD = "upload"
    DEFERRED = "deferred-delivery"
    LETTER = "letter"
    LETTER_MARK = "letter-mark"
    REFUSAL = "refusal"
    TALLY = "tally"
    CODE = "code"
    DECLARATION_CODE = "declaration-code"
    EVENT = "event"
    AUDIT = "audit"
    MACHINE_KEY = "machine-key"
    ACCOUNT = "account"
    EXCHANGE = "exchange"
    REQUEST = "request"
    HOLD = "hold"


ELSEWHERE = frozenset({Kind.RESULT, Kind.EXCHANGE})
"""Kinds whose days are said in another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What holds from a day on. `extends_kept`: a longer one applies to what is kept already, too."""

    since: date
    days: int
    extends_kept: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """One kind of data and how long it is kept; versions are oldest first."""

    kind: Kind
    label: str
    counts: str
    versions: tuple[Version, ...]

    def last_day(self, since: date, *, today: date) -> date:
        return last_day(since, self.versions, today=today)

    def kept_since(self, today: date) -> date:
        """The earliest day whose data may still be there; what is older must be gone."""
        day = today
        while self.last_day(day - _DAY, today=today) >= today:
            day -= _DAY
        return day

    def on(self, day: date) -> Version:
        """The version in force on a day; the first one for the days before it."""
        return _in_force(self.versions, day)


def last_day(collected_on: date, versions: Sequence[Version], *, today: date) -> date:
    """The last day on which what was collected on a day may be kept, by what is law today.

    The version in force on the day of collection decides. A shorter one that came since applies from its
    day; a longer one only if it says so, and only to what was still there. The answer may be past.
    """
    last = collected_on + timedelta(days=_in_force(versions, collected_on).days)
    for version in versions:
        if collected_on < version.since <= min(today, last):
            wished = collected_on + timedelta(days=version.days)
            if wished < last or version.extends_kept:
                last = wished
    return last


def longest(first: date, last: date, kinds: Iterable[Sequence[Version]], *, today: date) -> date:
    """The last day on which anything collected from `first` to `last` may be kept, of any of these kinds."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return max(last_day(day, versions, today=today) for versions in kinds for day in days)


def _in_force(versions: Sequence[Version], day: date) -> Version:
    return max((v for v in versions if v.since <= day), key=lambda v: v.since, default=versions[0])


def _text() -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data/retention.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def retentions() -> Mapping[Kind, Retention]:
    """The whole table. Raises ValueError when it leaves a kind out, or keeps one longer than the ceiling."""
    found = {}
    for name, row in _text().items():
        if name == "ceiling_days":
            continue
        versions = tuple(
            Version(
                since=one["from"],
                days=one["days"],
                extends_kept=one.get("extends_kept", False),
                source=one["source"],
            )
            for one in sorted(row["version"], key=lambda one: one["from"])
        )
        if not versions or any(not 0 < version.days <= CEILING.days for version in versions):
            raise ValueError(f"retention.toml: {name} is kept from 1 to {CEILING.days} days")
        kind = Kind(name)
        found[kind] = Retention(kind=kind, label=row["label"], counts=row["counts"], versions=versions)
    if missing := set(Kind) - ELSEWHERE - set(found):
        raise ValueError(f"retention.toml has no row for {', '.join(sorted(missing))}")
    return found


def retention(kind: Kind) -> Retention:
    """The retention of one kind. Raises KeyError for those ELSEWHERE."""
    return retentions()[kind]


CEILING = timedelta(days=_text()["ceiling_days"])
"""Nothing that names a person, or leads back to one, is kept longer without a judge's word."""
