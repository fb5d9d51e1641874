"""How the audit forgets: a month at a time, whole, once its last day is past its retention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from rempart.foundation.retention import Cursor, Kind, Part, aging, months_of, retention, some


def forget_month(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Drop the oldest month that is past its day. The owner's function does it, and refuses a month that is
    younger by the database's clock, or whose entries are not all sealed."""
    for month in months_of(cursor, "audit_entry"):
        if _last_day(month, today) >= today:
            break
        cursor.execute("SELECT audit_drop_month(%s)", (month,))
        return {"audit_entry": int(cursor.fetchone()[0]), "audit_month": 1}
    return some({})


def _last_day(month: date, today: date) -> date:
    """The last day of a month's entries: the retention of those of its last day."""
    end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return retention(Kind.AUDIT).last_day(end, today=today)


def _first_due(cursor: Cursor, today: date) -> date | None:
    months = months_of(cursor, "audit_entry")
    return _last_day(months[0], today) if months else None


PARTS = (
    Part(table="audit_entry", kind=Kind.AUDIT, step=forget_month, first_due=_first_due),
    aging("audit_alert", kind=Kind.AUDIT, since="last_at"),
    aging("audit_watched", kind=Kind.AUDIT, since="ended_at"),
    aging("audit_habit", kind=Kind.AUDIT, key="actor, day", since="day"),
)
