"""The outbox as a queue: what is due is claimed for a while, and what became of it is written down.

A worker holds what it claimed by a lease, not by a lock: no transaction is open while a carrier works. When the
worker dies, the lease ends, and the message is tried again: it may arrive twice, it is never lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.rules import Following, Standing

LEASE = timedelta(minutes=10)
"""How long a worker has what it claimed in its hands: servers outside may be slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this worker has in its hands."""

    id: UUID
    about: str
    channel: Channel
    standing: Standing
    sealed: bytes
    expires_on: date
    zone: str
    wakes: bool
    withdrawn: bool  # while it was in somebody's hands, and came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that was claimed and not tried: it waits until `due_at`, which is no attempt."""

    due_at: datetime
    wanted: bool = False  # it was never meant to leave earlier: in quiet hours


_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id FROM messaging_message
        WHERE state = 'waiting' AND channel = %(channel)s AND wakes = %(wakes)s AND due_at <= %(now)s
          AND (claimed_until IS NULL OR claimed_until <= %(now)s)
        ORDER BY due_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    UPDATE messaging_message m SET claimed_until = %(until)s FROM due WHERE m.id = due.id
    RETURNING m.id, m.about, m.channels, m.rank, m.attempts, m.sealed, m.expires_on, m.zone, m.wakes,
        m.reason = 'withdrawn'"""

_RECORD = """
    UPDATE messaging_message m SET state = n.state, channel = n.channel, rank = n.rank, attempts = n.attempts,
        due_at = n.due_at, reference = n.reference, claimed_until = NULL,
        reason = CASE WHEN m.reason = 'withdrawn' AND n.state = 'waiting' THEN m.reason ELSE n.reason END,
        taken_at = CASE WHEN n.state = 'taken' THEN %s ELSE m.taken_at END,
        ended_at = CASE WHEN n.state IN ('waiting', 'taken') THEN NULL ELSE %s::timestamptz END
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::int[], %s::int[], %s::timestamptz[], %s::text[], %s::text[])
         AS n (id, state, channel, rank, attempts, due_at, reference, reason)
    WHERE m.id = n.id AND m.state = 'waiting' AND m.claimed_until = %s"""

_HOLD = """
    UPDATE messaging_message m SET due_at = n.due_at, claimed_until = NULL,
        wanted_at = CASE WHEN n.wanted THEN n.due_at ELSE m.wanted_at END
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::boolean[]) AS n (id, due_at, wanted)
    WHERE m.id = n.id AND m.state = 'waiting' AND m.claimed_until = %s"""


def claim(channel: Channel, *, now: datetime, until: datetime, most: int) -> list[Claimed]:
    """What is due by a channel and in nobody's hands, at most so many: first what somebody waits for, then what
    is due longest."""
    found: list[Claimed] = []
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        for wakes in (True, False):
            said = {
                "channel": channel.value, "wakes": wakes, "now": now, "until": until, "most": most - len(found),
            }  # fmt: skip
            cursor.execute(_CLAIM, said)
            rows = [
                Claimed(
                    id=row[0],
                    about=row[1],
                    channel=channel,
                    standing=Standing(channels=channels_of(row[2], channel), rank=row[3], attempts=row[4]),
                    sealed=bytes(row[5]),
                    expires_on=row[6],
                    zone=row[7],
                    wakes=row[8],
                    withdrawn=row[9],
                )
                for row in cursor.fetchall()
            ]
            found += sorted(rows, key=lambda one: one.id)
    return found


def channels_of(column: str, channel: Channel) -> tuple[Channel, ...]:
    """The channels of a message's routes; of one of before there were routes, its only one."""
    return tuple(map(Channel, column.split(","))) if column else (channel,)


def record(following: Sequence[tuple[Claimed, Following]], *, until: datetime, now: datetime) -> None:
    """Write down what became of messages that are still in our hands: not of one whose lease has ended, and which
    another worker may have claimed since."""
    if not following:
        return
    columns = [
        (
            one.id, then.state.value, one.standing.channels[then.rank].value, then.rank, then.attempts, then.due_at,
            then.reference, then.reason,
        )
        for one, then in following
    ]  # fmt: skip
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_RECORD, (now, now, *map(list, zip(*columns, strict=True)), until))


def hold(held: Sequence[tuple[Claimed, Held]], *, until: datetime) -> None:
    """Put back what was claimed and not tried."""
    if not held:
        return
    columns = [(one.id, then.due_at, then.wanted) for one, then in held]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_HOLD, (*map(list, zip(*columns, strict=True)), until))


def ended(standing: Standing, state: State, reason: str, *, now: datetime) -> Following:
    """That a message is at its end, whatever routes it had left."""
    return Following(state=state, rank=standing.rank, attempts=standing.attempts, due_at=now, reason=reason)
