"""When a message leaves, when it is tried again, when another route is taken, and what is late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from rempart.foundation.messaging.letters import Answer, Channel, Outcome, State

_DAY = timedelta(days=1)

UNWANTED = "unwanted"
"""The recipient wants nothing by this channel."""

OFTEN = "often"
"""The recipient was written to by this channel as often as the policy has it on one day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicy:
    """How a channel is used from a day on: data/policy.toml. `quiet`: local times between which nothing leaves."""

    since: date
    steps: tuple[timedelta, ...]  # until the next attempt, after each
    late: timedelta
    quiet: tuple[time, time] | None = None
    most: int | None = None  # messages to one recipient on one day, of what may be refused; None: any number
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """What is sent even to whoever wants nothing by that channel, from a day on: first words of `about`."""

    since: date
    about: frozenset[str]
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole of data/policy.toml; versions are oldest first."""

    channels: Mapping[Channel, tuple[ChannelPolicy, ...]]
    always: tuple[Always, ...]

    def of(self, channel: Channel, day: date) -> ChannelPolicy:
        """The version in force on a day; the first one for the days before it."""
        return _in_force(self.channels[channel], day)

    def may_be_refused(self, about: str, day: date) -> bool:
        """Whether its recipient may have said that he wants none of it."""
        return about.split(".", 1)[0] not in _in_force(self.always, day).about


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a message is: the channels of its routes, which of them is taken, and how often that one was tried."""

    channels: tuple[Channel, ...]
    rank: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What follows for a message: its state, its route, and when it is tried if it waits."""

    state: State
    rank: int
    attempts: int
    due_at: datetime
    reference: str = ""
    reason: str = ""


_Version = TypeVar("_Version", ChannelPolicy, Always)


def quiet_until(policy: ChannelPolicy, *, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` falls on the clock of `zone`; None outside of them."""
    if policy.quiet is None:
        return None
    begin, end = policy.quiet
    local = now.astimezone(ZoneInfo(zone))
    at = local.time()
    overnight = begin > end
    if not (begin <= at or at < end if overnight else begin <= at < end):
        return None
    day = local.date() + _DAY if overnight and at >= begin else local.date()
    return datetime.combine(day, end, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def follow(standing: Standing, outcome: Outcome, *, policy: ChannelPolicy, now: datetime) -> Following:
    """What follows from a carrier's answer to an attempt."""
    attempts = standing.attempts + 1
    if outcome.answer is Answer.TAKEN:
        return Following(
            state=State.TAKEN,
            rank=standing.rank,
            attempts=attempts,
            due_at=now,
            reference=outcome.reference,
        )
    if outcome.answer is Answer.LATER and attempts <= len(policy.steps):
        return Following(
            state=State.WAITING,
            rank=standing.rank,
            attempts=attempts,
            due_at=now + policy.steps[attempts - 1],
            reason=outcome.reason,
        )
    return next_route(standing, reason=outcome.reason, now=now)


def next_route(standing: Standing, *, reason: str, now: datetime) -> Following:
    """The route after one that is no use; the end when it was the last."""
    rank = standing.rank + 1
    if rank < len(standing.channels):
        return Following(state=State.WAITING, rank=rank, attempts=0, due_at=now, reason=reason)
    ended = State.DROPPED if reason == UNWANTED else State.FAILED
    return Following(state=ended, rank=standing.rank, attempts=standing.attempts, due_at=now, reason=reason)


def is_late(policy: ChannelPolicy, *, wanted_at: datetime, now: datetime) -> bool:
    """Whether a message that should have left at `wanted_at` and still waits is late."""
    return now - wanted_at > policy.late


def _in_force(versions: Sequence[_Version], day: date) -> _Version:
    return max((one for one in versions if one.since <= day), key=lambda one: one.since, default=versions[0])
