"""The figures of data/teleservice.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """`opens_after`: failures in a row; `open_for`: how long nobody asks, doubled up to `longest`."""

    opens_after: int
    open_for: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`pause`: before the second try, doubled up to `longest`; after `most_tries` somebody has to look."""

    most_tries: int
    pause: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one answer may take: seconds to connect, for each part, for the whole; bytes. `desk_seconds`: a whole
    conversation while somebody waits."""

    connect_seconds: float
    read_seconds: float
    whole_seconds: float
    desk_seconds: float
    most_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    first_names: int
    settled: timedelta
    at_once: int
    lease: timedelta
    again: timedelta
    late: timedelta
    bounds: Bounds
    retry: RetryPolicy
    breaker: BreakerPolicy


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The policy in force."""
    said = tomllib.loads(resources.files(__package__).joinpath("data/teleservice.toml").read_text("utf-8"))
    return Policy(
        first_names=said["first_names"],
        settled=timedelta(minutes=said["settled_minutes"]),
        at_once=said["at_once"],
        lease=timedelta(minutes=said["lease_minutes"]),
        again=timedelta(days=said["again_days"]),
        late=timedelta(hours=said["late_hours"]),
        bounds=Bounds(
            connect_seconds=said["connect_seconds"],
            read_seconds=said["read_seconds"],
            whole_seconds=said["whole_seconds"],
            desk_seconds=said["desk_seconds"],
            most_bytes=said["most_bytes"],
        ),
        retry=RetryPolicy(
            most_tries=said["most_tries"],
            pause=timedelta(seconds=said["pause_seconds"]),
            longest=timedelta(seconds=said["longest_pause_seconds"]),
        ),
        breaker=BreakerPolicy(
            opens_after=said["opens_after"],
            open_for=timedelta(seconds=said["open_seconds"]),
            longest=timedelta(seconds=said["longest_open_seconds"]),
        ),
    )
