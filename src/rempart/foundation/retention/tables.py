"""How a table forgets: in steps of one short transaction each, which may be killed and run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from rempart.foundation.retention.policy import Kind, retention

BATCH = 2000
"""Rows of one step at most: a fraction of a second."""

_BLOCKS = 250
"""Pages of 8 kB that one step of a sweep looks at: some ten thousand short rows."""


class Cursor(Protocol):
    def execute(self, query: str, params: Sequence[Any] = ..., /) -> object: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


Step = Callable[[Cursor, date, int], Mapping[str, int]]
"""`step(cursor, today, most)`: forget at most `most` things whose last day is before today, and what hangs on
them, in the caller's transaction; how many rows went, by table. Called until it answers with nothing."""

FirstDue = Callable[[Cursor, date], date | None]
"""`first_due(cursor, today)`: the last day of what must go first of all in the table; None when it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table in which things have a last day, how they go, and what the proof asks.

    A table that is emptied by its own room's clock has no step here: the proof looks all the same.
    """

    table: str
    kind: Kind
    step: Step | None
    first_due: FirstDue


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """A table of keyed digests, which say nothing once the index key of their time is destroyed, and then go.

    `made`: the column that says when: a day, or the first day of a month.
    """

    table: str
    made: str


def expiring(table: str, *, kind: Kind, key: str = "id") -> Part:
    """A table whose rows carry their last day in `expires_on`, and go one by one."""

    def step(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
        return some({table: len(delete_expired(cursor, table, key=key, today=today, most=most))})

    return Part(table=table, kind=kind, step=step, first_due=earliest(table))


def aging(table: str, *, kind: Kind, key: str = "id", since: str) -> Part:
    """A table whose rows are kept so long from a column on: a day, or an instant."""
    day = f"({since} AT TIME ZONE 'UTC')::date" if since.endswith("_at") else since

    def step(cursor: Cursor, today: date, most: int) -> Mapping[str, int]:
        own = ", ".join(f"old.{column.strip()}" for column in key.split(","))
        cursor.execute(
            f"""WITH due AS MATERIALIZED (
                    SELECT {key} FROM {table} WHERE {since} < %s LIMIT %s)
                DELETE FROM {table} old USING due WHERE ({own}) = ({own.replace("old.", "due.")})
                RETURNING 1""",  # noqa: S608 -- names of our own tables
            (retention(kind).kept_since(today), most),
        )
        return some({table: len(cursor.fetchall())})

    def first_due(cursor: Cursor, today: date) -> date | None:
        oldest = earliest(table, day)(cursor, today)
        return retention(kind).last_day(oldest, today=today) if oldest else None

    return Part(table=table, kind=kind, step=step, first_due=first_due)


def earliest(table: str, last_day: str = "expires_on") -> FirstDue:
    """The least of a column or an expression of the table."""

    def first_due(cursor: Cursor, today: date) -> date | None:
        cursor.execute(f"SELECT min({last_day}) FROM {table}")  # noqa: S608 -- names of our own tables
        found: date | None = cursor.fetchone()[0]
        return found

    return first_due


def delete_expired(
    cursor: Cursor, table: str, *, key: str = "id", returning: str = "", today: date, most: int
) -> list[Any]:
    """Delete rows whose `expires_on` is before `today`; what `returning` says of them (else their key).

    Rows that somebody else holds are left for the next step, so that two runs never wait for each other.
    """
    own = ", ".join(f"{table}.{column.strip()}" for column in key.split(","))
    theirs = ", ".join(f"due.{column.strip()}" for column in key.split(","))
    cursor.execute(
        f"""WITH due AS MATERIALIZED (
                SELECT {key} FROM {table} WHERE expires_on < %s LIMIT %s FOR UPDATE SKIP LOCKED)
            DELETE FROM {table} USING due WHERE ({own}) = ({theirs})
            RETURNING {returning or own}""",  # noqa: S608 -- names of our own tables
        (today, most),
    )
    return cursor.fetchall()


def sweep(cursor: Cursor, digests: Digests, *, made_until: date, block: int) -> tuple[int, int | None]:
    """Delete the digests made until a day from some pages of their table, beginning with page `block`; how many
    went, and the page to go on with (None: that was the last)."""
    cursor.execute(
        "SELECT pg_relation_size(%s::regclass) / current_setting('block_size')::int", (digests.table,)
    )
    pages = int(cursor.fetchone()[0])
    following = min(block + _BLOCKS, pages)
    cursor.execute(
        f"""WITH gone AS (
                DELETE FROM {digests.table} WHERE ctid >= %s::tid AND ctid < %s::tid AND {digests.made} <= %s
                RETURNING 1)
            SELECT count(*) FROM gone""",  # noqa: S608 -- names of our own tables
        (f"({block},0)", f"({following},0)", made_until),
    )
    return int(cursor.fetchone()[0]), following if following < pages else None


def drop_month(
    cursor: Cursor, table: str, *, today: date, last: Callable[[date], date] | None = None
) -> int | None:
    """Drop the oldest month of a partitioned table that holds nothing whose last day is `today` or later; how many
    rows went, None when there is no such month. `last`: the last day of what carries none, by its month.

    Raises the driver's LockNotAvailable when somebody reads the table for longer than half a second.
    """
    filling = (today.replace(day=1) - timedelta(days=1)).replace(day=1)  # last month's may still be written
    for month in months_of(cursor, table):
        if month >= filling or (last is not None and last(month) >= today):
            continue
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM {table} WHERE month = %s AND expires_on >= %s)",  # noqa: S608 -- ours
            (month, today),
        )
        if cursor.fetchone()[0]:
            continue
        cursor.execute(f"SELECT {table}_drop_month(%s, %s)", (month, today))
        gone: int | None = cursor.fetchone()[0]
        if gone is not None:
            return gone
    return None


def months_of(cursor: Cursor, table: str) -> list[date]:
    """The months of which a partitioned table has a partition, oldest first."""
    cursor.execute(
        "SELECT to_date(right(child.relname, 7), 'YYYY_MM') FROM pg_inherits"
        " JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = %s::regclass ORDER BY 1",
        (table,),
    )
    return [month for (month,) in cursor.fetchall()]


def some(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Only what is not nothing, so that a step that did nothing answers with nothing."""
    return {name: number for name, number in counts.items() if number}
