"""How access forgets: keys and certificates of machines, glasses that were broken, accounts that are closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rempart.foundation.retention import Cursor, Kind, Part, aging, retention, some

_CLOSED = "NOT is_active AND closed_at IS NOT NULL AND (name <> '' OR email <> '' OR rpps IS NOT NULL)"


def erase_accounts(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
    """Take from accounts that are closed long since all that says who they were; role and dates stay.

    Their rows are pointed at by reviews and exceptional accesses, which then name a key.
    """
    cursor.execute(
        f"""WITH due AS MATERIALIZED (
                SELECT id FROM access_agent WHERE {_CLOSED} AND closed_at < %s LIMIT %s FOR UPDATE SKIP LOCKED)
            UPDATE access_agent a SET name = '', username = a.id::text, email = '', rpps = NULL, organisation = '',
                establishment = '', departments = '{{}}', trainings = '{{}}', password = '!'
            FROM due WHERE a.id = due.id RETURNING a.id""",  # noqa: S608 -- a condition of ours
        (retention(Kind.ACCOUNT).kept_since(today), most),
    )
    erased = [key for (key,) in cursor.fetchall()]
    for table in ("account_emailaddress", "mfa_authenticator"):
        cursor.execute(f"DELETE FROM {table} WHERE user_id = ANY(%s)", (erased,))  # noqa: S608 -- ours
    return some({"access_agent": len(erased)})


def _first_account_due(cursor: Cursor, today: date) -> date | None:
    cursor.execute(f"SELECT (min(closed_at) AT TIME ZONE 'UTC')::date FROM access_agent WHERE {_CLOSED}")  # noqa: S608
    closed: date | None = cursor.fetchone()[0]
    return retention(Kind.ACCOUNT).last_day(closed, today=today) if closed else None


PARTS = (
    aging("access_machine_key", kind=Kind.MACHINE_KEY, since="expires_at"),
    aging("access_client_certificate", kind=Kind.MACHINE_KEY, since="expires_at"),
    aging("access_glass", kind=Kind.AUDIT, since="broken_at"),
    Part(table="access_agent", kind=Kind.ACCOUNT, step=erase_accounts, first_due=_first_account_due),
)
