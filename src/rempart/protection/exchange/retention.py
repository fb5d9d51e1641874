"""What the proof of destruction asks of the exchange, which destroys its files itself, every quarter of an hour."""

from __future__ import annotations

from datetime import date, timedelta

from rempart.foundation.retention import Cursor, Kind, Part


def _first_due(cursor: Cursor, today: date) -> date | None:
    """The last day of the file that must go first; a file may outlive it by the quarter of an hour of a sweep,
    which the day after is not yet late for."""
    cursor.execute("SELECT min(expires_on) FROM exchange_handover WHERE state = 'ready'")
    first: date | None = cursor.fetchone()[0]
    return first + timedelta(days=1) if first else None


PARTS = (Part(table="exchange_handover", kind=Kind.EXCHANGE, step=None, first_due=_first_due),)
