"""Publishing events, and reading them exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.row_security import EVERYWHERE, Cursor, set_sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An event as a subscriber receives it; `start` names its place in the stream."""

    id: int
    xid: int
    topic: str
    payload: Any
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who wants which topics. `handle` gets a batch in order, inside the transaction that also keeps
    the position: what it writes to PostgreSQL happens exactly once. `batch` counts events."""

    name: str
    topics: tuple[str, ...]
    handle: Callable[[CursorWrapper, Sequence[Published]], None]
    batch: int = 20


def publish(cursor: Cursor, *, topic: str, payload: Any, now: datetime) -> None:
    """Write one event in the producer's transaction. A batch of facts is one event. Keys and days in the payload
    become text."""
    cursor.execute(
        "INSERT INTO events_event (topic, payload, at) VALUES (%s, %s::jsonb, %s)",
        (topic, orjson.dumps(payload).decode(), now),
    )


_READ = """
    SELECT e.id, e.xid::text::bigint, e.topic, e.payload, e.at
    FROM events_event e
    WHERE (e.xid, e.id) > (%s::text::xid8, %s)
      AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
      AND e.topic = ANY(%s)
    ORDER BY e.xid, e.id
    LIMIT %s
"""


class Overtaken(Exception):
    """Somebody else moved a subscriber's position, who does not take its lock: everything is undone."""


def advance(subscriber: Subscriber) -> int:
    """Handle the next batch of one subscriber; how many events it was (0: nothing to read yet).

    Two processes may run the same subscriber: one works, the other finds it taken and returns 0. An error in the
    handler leaves the position where it was.

    Who works is told by an advisory lock. A lock on the row would give the transaction its number at once; no event of a
    later number is read by anybody before it ends, which takes as long as the handler.
    """
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (f"events {subscriber.name}",)
        )
        taken = cursor.fetchone()
        if not (taken and taken[0]):
            return 0
        set_sight(cursor, departments=(EVERYWHERE,))
        position = _position(cursor, subscriber)
        cursor.execute(_READ, (*position, list(subscriber.topics), subscriber.batch))
        batch = [
            Published(
                id=row[0],
                xid=row[1],
                topic=row[2],
                payload=json.loads(row[3]) if isinstance(row[3], str) else row[3],
                at=row[4],
            )
            for row in cursor.fetchall()
        ]
        if not batch:
            return 0
        subscriber.handle(cursor, batch)
        cursor.execute(
            """UPDATE events_position SET xid = %s, event_id = %s, topics = %s
               WHERE subscriber = %s AND (xid, event_id) = (%s, %s)""",
            (batch[-1].xid, batch[-1].id, list(subscriber.topics), subscriber.name, *position),
        )
        if cursor.rowcount != 1:
            raise Overtaken(subscriber.name)
        return len(batch)


def _position(cursor: CursorWrapper, subscriber: Subscriber) -> tuple[int, int]:
    """Up to where the subscriber has read; noted the first time, so that its events are kept for it."""
    cursor.execute("SELECT xid, event_id FROM events_position WHERE subscriber = %s", (subscriber.name,))
    found = cursor.fetchone()
    if found is None:
        cursor.execute(
            "INSERT INTO events_position (subscriber, xid, event_id) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING",
            (subscriber.name,),
        )
        return 0, 0
    return found[0], found[1]


def waiting(subscriber: Subscriber) -> int:
    """How many events the subscriber has not handled yet."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM events_event e
               LEFT JOIN events_position p ON p.subscriber = %s
               WHERE e.topic = ANY(%s) AND (e.xid, e.id) > (coalesce(p.xid, 0)::text::xid8, coalesce(p.event_id, 0))""",
            (subscriber.name, list(subscriber.topics)),
        )
        row = cursor.fetchone()
        return int(row[0]) if row else 0
