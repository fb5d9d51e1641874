"""How screening forgets: results, accesses of the portal, messages, deliveries and the ledgers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from rempart.foundation.retention import (
    Cursor,
    Digests,
    Kind,
    Part,
    aging,
    delete_expired,
    drop_month,
    earliest,
    expiring,
    retention,
    some,
)


def forget_results(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget results whose day is past: a month at once when all of it is, else row by row.

    Their ledger entries stay until the index key of their time dies: a laboratory that sends the same again
    is still recognised, and a correction is still the next version of what it corrects.
    """
    dropped = drop_month(cursor, "screening_result", today=today)
    if dropped is not None:
        return {"screening_result": dropped, "screening_result_month": 1}
    gone = delete_expired(cursor, "screening_result", key="month, id", today=today, most=most)
    return some({"screening_result": len(gone)})


def forget_documents(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget attached reports with the day of their results, likewise."""
    dropped = drop_month(cursor, "screening_document", today=today)
    if dropped is not None:
        return {"screening_document": dropped, "screening_document_month": 1}
    gone = delete_expired(cursor, "screening_document", key="month, id", today=today, most=most)
    return some({"screening_document": len(gone)})


def forget_messages(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget refused messages with their ledger entries, so that the same message is judged anew if it comes
    again; and whole months of what was decided, once these are past."""
    dropped = drop_month(cursor, "screening_message", today=today, last=lambda month: _end_of(month, today))
    if dropped is not None:
        return {"screening_message": dropped, "screening_message_month": 1}
    gone = delete_expired(
        cursor,
        "screening_message",
        key="month, delivery_id, position",
        returning="screening_message.ledger_key, screening_message.delivery_id, screening_message.position",
        today=today,
        most=most,
    )
    cursor.execute(
        """DELETE FROM screening_message_ledger l
           USING unnest(%s::bytea[], %s::uuid[], %s::int[]) AS gone (key, delivery_id, position)
           WHERE (l.key, l.delivery_id, l.position) = (gone.key, gone.delivery_id, gone.position) RETURNING 1""",
        [list(column) for column in zip(*gone, strict=True)] or [[], [], []],
    )
    return some({"screening_message": len(gone), "screening_message_ledger": len(cursor.fetchall())})


def forget_deliveries(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Forget deliveries, oldest first (their keys are in the order of time)."""
    cursor.execute(
        """WITH oldest AS (SELECT id, received_at FROM screening_delivery ORDER BY id LIMIT %s)
           DELETE FROM screening_delivery d USING oldest
           WHERE d.id = oldest.id AND oldest.received_at < %s RETURNING 1""",
        (most, retention(Kind.MESSAGE_TRACE).kept_since(today)),
    )
    return some({"screening_delivery": len(cursor.fetchall())})


def _end_of(month: date, today: date) -> date:
    """The last day of what a month keeps of accepted messages, which carry none."""
    end = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return retention(Kind.MESSAGE_TRACE).last_day(end, today=today)


def _first_delivery_due(cursor: Cursor, today: date) -> date | None:
    cursor.execute(
        "SELECT (received_at AT TIME ZONE 'UTC')::date FROM screening_delivery ORDER BY id LIMIT 1"
    )
    oldest = cursor.fetchone()
    return retention(Kind.MESSAGE_TRACE).last_day(oldest[0], today=today) if oldest else None


PARTS = (
    Part(
        table="screening_result",
        kind=Kind.RESULT,
        step=forget_results,
        first_due=earliest("screening_result"),
    ),
    Part(
        table="screening_document",
        kind=Kind.RESULT,
        step=forget_documents,
        first_due=earliest("screening_document"),
    ),
    expiring("screening_access", kind=Kind.RESULT, key="reference"),
    expiring("screening_call", kind=Kind.RESULT),
    expiring("screening_handover", kind=Kind.RESULT),
    expiring("screening_entry", kind=Kind.ENTRY),
    expiring("screening_upload", kind=Kind.UPLOAD),
    expiring("screening_deferred", kind=Kind.DEFERRED),
    expiring("screening_specimen", kind=Kind.REGISTRATION),
    expiring("screening_batch", kind=Kind.REGISTRATION),
    expiring("screening_drive", kind=Kind.REGISTRATION),
    expiring("screening_preregistration", kind=Kind.PREREGISTRATION, key="code"),
    Part(
        table="screening_message",
        kind=Kind.REFUSED_MESSAGE,
        step=forget_messages,
        first_due=earliest("screening_message"),
    ),
    Part(
        table="screening_delivery",
        kind=Kind.MESSAGE_TRACE,
        step=forget_deliveries,
        first_due=_first_delivery_due,
    ),
    expiring("screening_refused", kind=Kind.REFUSED_MESSAGE),
    expiring("screening_unknown", kind=Kind.REFUSED_MESSAGE),
    aging("screening_daily_intake", kind=Kind.MESSAGE_TRACE, key="laboratory, day", since="day"),
    aging("screening_unreached", kind=Kind.MESSAGE_TRACE, key="laboratory, day", since="day"),
    aging("screening_mailbox_trial", kind=Kind.MESSAGE_TRACE, since="asked_at"),
    aging("screening_trial", kind=Kind.MESSAGE_TRACE, key="finess, day", since="day"),
    aging("screening_silence", kind=Kind.MESSAGE_TRACE, since="noticed_at"),
)
DIGESTS = (
    Digests(table="screening_message_ledger", made="month"),
    Digests(table="screening_result_ledger", made="month"),
)
