"""What a declaration code is and until when it holds; docs/decisions/047-declaration-codes.md says why."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from uuid import UUID
from zoneinfo import ZoneInfo


class State(StrEnum):
    """What became of a code. USED comes with the declaration itself (the proximity issue)."""

    ISSUED = "issued"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The policy of a day."""

    since: date
    clock: ZoneInfo
    days: int  # after the day of the first asking
    useful: int  # after the sampling
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code that was given."""

    text: str  # 8-4-4-4-12 lower-case hexadecimal
    until: datetime  # the last minute in which it holds, on the clock of the policy
    state: State = State.ISSUED

    def holds(self, now: datetime) -> bool:
        """Whether it may still be declared with; the whole of its last minute counts."""
        return self.state is State.ISSUED and now < self.until + timedelta(minutes=1)


def shaped(random: bytes) -> str:
    """Sixteen random bytes or more as a long code: a UUID of version 4, of which 122 bits are free.

    Source: submission codes of StopCovid, type 1.
    """
    return str(UUID(bytes=random[:16], version=4))


def last_day(now: datetime) -> date:
    """The civil day, on the clock of the policy, on which a code that is first asked for now ends."""
    validity = validity_on(now.date())
    return now.astimezone(validity.clock).date() + timedelta(days=validity.days)


def until(last: date) -> datetime:
    """The last minute of a code: 23:59 of its last day, whatever the clocks did since."""
    return datetime.combine(last, time(23, 59), tzinfo=validity_on(last).clock)


def is_useful(*, sampled_on: date, today: date) -> bool:
    """Whether a code still serves to whoever was sampled on that day."""
    return today <= sampled_on + timedelta(days=validity_on(today).useful)


def validity_on(day: date) -> Validity:
    """The policy in force on a day; the first one for the days before it."""
    versions = _versions()
    return max((one for one in versions if one.since <= day), key=lambda one: one.since, default=versions[0])


@cache
def _versions() -> tuple[Validity, ...]:
    text = (files(__package__) / "data" / "validity.toml").read_text("utf-8")
    said: dict[str, object] = {}
    found = []
    for row in sorted(tomllib.loads(text)["version"], key=lambda row: row["from"]):
        said |= row
        found.append(
            Validity(
                since=row["from"],
                clock=ZoneInfo(str(said["clock"])),
                days=int(str(said["days"])),
                useful=int(str(said["useful"])),
                source=row["source"],
            )
        )
    return tuple(found)
