"""Where a tube is on its way, and what a drive still waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LATE = timedelta(hours=24)
"""A result is waited for no longer than a day after the tube was sent: the share that France published (SI-DEP, sampling to
validation under 24 h)."""


class State(StrEnum):
    """The last thing that happened to a tube."""

    REGISTERED = "registered"
    SAMPLED = "sampled"
    SENT = "sent"
    RECEIVED = "received"
    RESULT = "result"


class Lack(StrEnum):
    """What somebody should see to."""

    SAMPLE = "sample"  # registered, and not sampled
    SEND = "send"  # sampled, and not sent
    RECEPTION = "reception"  # sent for a day, and the laboratory did not say that it is there
    RESULT = "result"  # sent for a day, and no result


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """When each thing happened to a tube; None: not yet."""

    registered_at: datetime
    sampled_at: datetime | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    result_at: datetime | None = None

    @property
    def state(self) -> State:
        """The furthest the tube came: a result says that it was received, whoever forgot to note it."""
        if self.result_at:
            return State.RESULT
        if self.received_at:
            return State.RECEIVED
        if self.sent_at:
            return State.SENT
        return State.SAMPLED if self.sampled_at else State.REGISTERED

    @property
    def delay(self) -> timedelta | None:
        """From sampling to result."""
        return self.result_at - self.sampled_at if self.result_at and self.sampled_at else None

    def lack(self, now: datetime) -> Lack | None:
        """What is missing, if anything is."""
        state = self.state
        if state is State.REGISTERED:
            return Lack.SAMPLE
        if state is State.SAMPLED:
            return Lack.SEND
        if state is State.RESULT or self.sent_at is None or now - self.sent_at < LATE:
            return None
        return Lack.RECEPTION if state is State.SENT else Lack.RESULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How far the tubes of a drive came: how many came as far as each state, or further; and what is missing."""

    reached: Mapping[State, int]
    lacks: Mapping[Lack, int]


def overview(ways: Iterable[Way], *, now: datetime) -> Overview:
    """Count the tubes of a drive."""
    states = list(State)
    reached = dict.fromkeys(states, 0)
    lacks = dict.fromkeys(Lack, 0)
    for way in ways:
        for state in states[: states.index(way.state) + 1]:
            reached[state] += 1
        if lack := way.lack(now):
            lacks[lack] += 1
    return Overview(reached=reached, lacks=lacks)
