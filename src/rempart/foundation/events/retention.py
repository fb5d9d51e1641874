"""How the stream of events forgets: oldest first, and only what every subscriber has read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from rempart.foundation.retention import Cursor, Kind, Part, retention, some


def forget_events(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget events of before the days that are kept; by the owner's function, for the application may not."""
    before = datetime.combine(retention(Kind.EVENT).kept_since(today), time(), UTC)
    cursor.execute("SELECT events_forget(%s, %s)", (before, most))
    return some({"events_event": int(cursor.fetchone()[0])})


def _first_due(cursor: Cursor, today: date) -> date | None:
    cursor.execute("SELECT (at AT TIME ZONE 'UTC')::date FROM events_event ORDER BY id LIMIT 1")
    oldest = cursor.fetchone()
    return retention(Kind.EVENT).last_day(oldest[0], today=today) if oldest else None


PARTS = (Part(table="events_event", kind=Kind.EVENT, step=forget_events, first_due=_first_due),)
