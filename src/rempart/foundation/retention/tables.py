"""How a table forgets: in steps of one short transaction each, which may be killed and run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from rempart.foundation.retention.policy import Kind

BATCH = 2000
"""Rows of one step at most: a fraction of a second."""


class Cursor(Protocol):
    def execute(self, query: str, params: Sequence[Any] = ..., /) -> object: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


Step = Callable[[Cursor, date, int], Mapping[str, int]]
"""`step(cursor, today, most)`: forget at most `most` things whose day is past, and what hangs on them, in the
caller's transaction; how many rows went, by table. It is called until it answers with nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table in which something has a last day.

    `last_day` is that day in SQL, of the row (null: it has none). `count` bounds what the proof counts of
    what is overdue. A table that shares its step with another (links go with their identity) has none.
    """

    table: str
    kind: Kind
    last_day: str
    step: Step | None = None


def delete_expired(
    cursor: Cursor, table: str, *, key: str = "id", last_day: str = "expires_on", returning: str = "",
    today: date, most: int,
) -> list[Any]:  # fmt: skip
    """Delete rows whose last day is before `today`; what `returning` says of them (else their key).

    Rows that somebody else holds are left for the next step, so that two runs never wait for each other.
    """
    own = ", ".join(f"{table}.{column.strip()}" for column in key.split(","))
    theirs = ", ".join(f"due.{column.strip()}" for column in key.split(","))
    cursor.execute(
        f"""WITH due AS MATERIALIZED (
                SELECT {key} FROM {table} WHERE {last_day} < %s LIMIT %s FOR UPDATE SKIP LOCKED)
            DELETE FROM {table} USING due WHERE ({own}) = ({theirs})
            RETURNING {returning or own}""",  # noqa: S608 -- names of our own tables
        (today, most),
    )
    return cursor.fetchall()
