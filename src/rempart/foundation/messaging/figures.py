"""How messages get on: what leaves by hour, what became of it, why not, and what is late. Counts only, nothing of anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.policy import policy

WINDOW = timedelta(hours=24)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits to leave by a channel now. `late`: longer than the policy has it; `oldest`: when the first should have
    left; `tried`: at least once in vain; `to_come`: whose time has not come."""

    channel: Channel
    count: int
    late: int
    tried: int
    to_come: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The last 24 hours, by the hour they began in; `states` and `reasons` are of messages put since then, by the channel
    of their last route."""

    since: datetime
    hours: Sequence[datetime]  # their beginnings, oldest first
    left: Mapping[Channel, Sequence[int]]  # by hour
    states: Mapping[Channel, Mapping[State, int]]
    reasons: Sequence[tuple[Channel, State, str, int]]  # most frequent first
    waiting: Sequence[Waiting]

    @property
    def late(self) -> int:
        return sum(one.late for one in self.waiting)


_RECENT = """
    SELECT channel, state, reason, date_trunc('hour', taken_at), count(*) FROM messaging_message
    WHERE created_at >= %s GROUP BY 1, 2, 3, 4"""

_WAITING = """
    SELECT m.channel, count(*), count(*) FILTER (WHERE m.wanted_at < b.late_before),
           count(*) FILTER (WHERE m.attempts > 0 OR m.rank > 0), count(*) FILTER (WHERE m.wanted_at > %s),
           min(m.wanted_at) FILTER (WHERE m.wanted_at <= %s)
    FROM messaging_message m JOIN unnest(%s::text[], %s::timestamptz[]) AS b (channel, late_before) USING (channel)
    WHERE m.state = 'waiting' GROUP BY 1 ORDER BY 1"""


def figures(*, now: datetime) -> Figures:
    """All of it, in two queries: of what was put in the last 24 hours, and of what waits, however long."""
    first = now.replace(minute=0, second=0, microsecond=0) - WINDOW + _HOUR
    hours = [first + rank * _HOUR for rank in range(WINDOW // _HOUR)]
    left: dict[Channel, Counter[datetime]] = {}
    states: dict[Channel, Counter[State]] = {}
    reasons: Counter[tuple[Channel, State, str]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, (first,))
        for name, state_name, reason, hour, count in cursor.fetchall():
            channel, state = Channel(name), State(state_name)
            states.setdefault(channel, Counter())[state] += count
            if hour is not None:
                left.setdefault(channel, Counter())[hour] += count
            if reason:
                reasons[channel, state, reason] += count
    return Figures(
        since=first,
        hours=hours,
        left={channel: [counts[hour] for hour in hours] for channel, counts in sorted(left.items())},
        states=dict(sorted(states.items())),
        reasons=[(*key, count) for key, count in reasons.most_common()],
        waiting=waiting(now=now),
    )


def waiting(*, now: datetime) -> Sequence[Waiting]:
    """What waits, by channel; those by which nothing waits are left out."""
    bounds = {channel.value: now - policy().of(channel, now.date()).late for channel in Channel}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, (now, now, list(bounds), list(bounds.values())))
        return [
            Waiting(
                channel=Channel(channel), count=count, late=late, tried=tried, to_come=to_come, oldest=oldest
            )
            for channel, count, late, tried, to_come, oldest in cursor.fetchall()
        ]
