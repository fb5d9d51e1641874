"""The intake road's SQL: a few set-based statements per batch, whatever its size.

Rows are COPYed into staging tables of the session (COPY does not work into a table with row security)
and inserted from there. Every table that two batches may write under the same key says so by inserting
fewer rows than were staged: the batch is then undone and taken again, and sees the other's rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import transaction
from psycopg import Cursor

from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.people.rules import Known
from rempart.screening.rules.keeping import Earlier, Version
from rempart.screening.rules.report import Outcome
from rempart.screening.services.prepared import VALUE_COLUMNS


class Conflict(Exception):
    """Another batch kept the same message, result or person a moment ago: take this one again."""


LedgerRow = tuple[bytes, list[bytes], date, UUID, int]
"""Key, what each version said, and where the current one is: month, result, version."""

_STAGES = {
    "stage_person": ("people_person", ("id", "created_at"), ("uuid", "timestamptz")),
    "stage_identity": (
        "people_identity",
        ("id", "department", "expires_on", "sealed", "whole", "ins", "name_birth", "used_name_birth", "created_at"),
        ("uuid", "text", "date", "bytea", "bytea", "bytea", "bytea", "bytea", "timestamptz"),
    ),
    "stage_link": (
        "people_link",
        ("identity_id", "person_id", "certainty", "made_at"),
        ("uuid", "uuid", "text", "timestamptz"),
    ),
    "stage_key": (
        "people_matching_key",
        ("key", "person_id", "is_ins", "shared", "made_on"),
        ("bytea", "uuid", "bool", "bool", "date"),
    ),
    "stage_result": (
        "screening_result",
        (
            "month", "id", "ledger_key", "version", "current", "retracted", "received_at", "delivery_id",
            "person_id", "identity_id", *VALUE_COLUMNS,
        ),
        (
            "date", "uuid", "bytea", "int4", "bool", "bool", "timestamptz", "uuid",
            "uuid", "uuid",
            "text", "text", "text", "text", "text", "text", "text",
            "timestamptz", "text", "date", "timestamptz", "text", "text", "text",
            "bool", "text", "date", "bytea",
        ),
    ),
    "stage_result_ledger": (
        "screening_result_ledger",
        ("key", "contents", "month", "result_id", "version"),
        ("bytea", "bytea[]", "date", "uuid", "int4"),
    ),
    "stage_moved_ledger": (
        "screening_result_ledger",
        ("key", "contents", "month", "result_id", "version"),
        ("bytea", "bytea[]", "date", "uuid", "int4"),
    ),
    "stage_message": (
        "screening_message",
        (
            "month", "delivery_id", "position", "department", "format", "outcome", "findings", "sealed",
            "expires_on", "ledger_key",
        ),
        ("date", "uuid", "int4", "text", "text", "text", "jsonb", "bytea", "date", "bytea"),
    ),
    "stage_message_ledger": (
        "screening_message_ledger",
        ("key", "body", "month", "delivery_id", "position"),
        ("bytea", "bytea", "date", "uuid", "int4"),
    ),
}  # fmt: skip
"""Staging table: where its rows go, their columns and types."""


def prepare_session(cursor: Cursor[Any]) -> None:
    """Make the staging tables, once per connection."""
    cursor.execute("SELECT to_regclass('pg_temp.stage_message_ledger') IS NOT NULL")
    if _one(cursor)[0]:
        return
    for stage, (table, _, _) in _STAGES.items():
        cursor.execute(f"CREATE TEMP TABLE {stage} (LIKE {table}) ON COMMIT DELETE ROWS")


@cache
def ensure_months(database: str, today: date) -> None:
    """Make the partitions of this month of reception and the next, in a transaction of their own.

    Making one locks the parent against everybody who inserts: inside the intake's transaction two batches
    would wait for each other. `database` tells one database of this process from another.
    """
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        for month in (first, following):
            cursor.execute("SELECT screening_result_month(%s), screening_message_month(%s)", (month, month))


def insert(cursor: Cursor[Any], stage: str, rows: Sequence[Sequence[Any]], *, key: str = "") -> None:
    """Insert rows through their staging table.

    With `key`, rows go in the order of that column (two batches then never wait for each other in a
    circle), and Conflict is raised when one of them was there already.
    """
    if not rows:
        return
    table, columns, types = _STAGES[stage]
    copy_rows(cursor, table=stage, columns=columns, types=types, rows=rows)
    names = ", ".join(columns)
    order = f" ORDER BY {key} ON CONFLICT DO NOTHING" if key else ""
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {stage}{order}")  # noqa: S608
    if key and cursor.rowcount != len(rows):
        raise Conflict(table)


def earlier_messages(cursor: Cursor[Any], keys: Iterable[bytes]) -> dict[bytes, Earlier]:
    """The messages kept under these keys, locked until the end of the transaction.

    One whose month was dropped since is still known, and counts as accepted.
    """
    cursor.execute(
        """SELECT l.key, l.body, l.delivery_id, l.position, coalesce(m.outcome, 'accepted')
           FROM screening_message_ledger l
           LEFT JOIN screening_message m USING (month, delivery_id, position)
           WHERE l.key = ANY(%s) ORDER BY l.key FOR UPDATE OF l""",
        (list(keys),),
    )
    return {
        bytes(key): Earlier(
            body=bytes(body), outcome=Outcome(outcome), delivery_id=delivery, position=position
        )
        for key, body, delivery, position, outcome in cursor.fetchall()
    }


def current_versions(cursor: Cursor[Any], keys: Iterable[bytes]) -> dict[bytes, Version]:
    """The current version of each result known under these keys, locked likewise."""
    cursor.execute(
        """SELECT key, contents, month, result_id, version FROM screening_result_ledger
           WHERE key = ANY(%s) ORDER BY key FOR UPDATE""",
        (list(keys),),
    )
    return {
        bytes(key): Version(
            contents=tuple(map(bytes, contents)), month=month, result_id=result_id, number=number
        )
        for key, contents, month, result_id, number in cursor.fetchall()
    }


def known_identities(cursor: Cursor[Any], wholes: Iterable[bytes]) -> dict[bytes, tuple[UUID, UUID]]:
    """(identity, person) of the identities already kept word for word."""
    cursor.execute(
        """SELECT i.whole, i.id, l.person_id FROM people_identity i
           JOIN people_link l ON l.identity_id = i.id WHERE i.whole = ANY(%s)""",
        (list(wholes),),
    )
    return {bytes(whole): (identity, person) for whole, identity, person in cursor.fetchall()}


def known_keys(cursor: Cursor[Any], keys: Iterable[bytes]) -> dict[bytes, Known]:
    """The persons to whom these matching keys belong."""
    cursor.execute(
        """SELECT k.key, k.person_id, k.shared,
                  EXISTS (SELECT FROM people_matching_key o WHERE o.person_id = k.person_id AND o.is_ins)
           FROM people_matching_key k WHERE k.key = ANY(%s)""",
        (list(keys),),
    )
    return {
        bytes(key): Known(person=person, has_ins=has_ins, shared=shared)
        for key, person, shared, has_ins in cursor.fetchall()
    }


def hold(cursor: Cursor[Any], persons: Collection[UUID]) -> None:
    """Lock known people to whom an identity is about to be linked; Conflict when one of them was just forgotten."""
    if not persons:
        return
    cursor.execute("SELECT FROM people_person WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", (list(persons),))
    if cursor.rowcount != len(persons):
        raise Conflict("people_person")


def claim(cursor: Cursor[Any], persons: Collection[UUID]) -> None:
    """Lock people known without a matricule who are about to get one; Conflict when one of them just got his.

    Two homonyms with a matricule each never become one person, though they come at the same moment.
    """
    if not persons:
        return
    keys = list(persons)
    cursor.execute("SELECT FROM people_person WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (keys,))
    cursor.execute(
        "SELECT EXISTS (SELECT FROM people_matching_key WHERE person_id = ANY(%s) AND is_ins)", (keys,)
    )
    if _one(cursor)[0]:
        raise Conflict("people_person")


def share_keys(cursor: Cursor[Any], keys: Sequence[bytes]) -> None:
    """Note that several people bear these traits: nobody is matched by them any more."""
    if keys:
        cursor.execute("UPDATE people_matching_key SET shared = true WHERE key = ANY(%s)", (sorted(keys),))


def supersede(cursor: Cursor[Any], versions: Sequence[Version]) -> None:
    """These versions are no longer the current ones."""
    if versions:
        cursor.execute(
            """UPDATE screening_result r SET current = false
               FROM unnest(%s::date[], %s::uuid[]) AS old(month, id)
               WHERE r.month = old.month AND r.id = old.id""",
            ([v.month for v in versions], [v.result_id for v in versions]),
        )


def move_ledger(cursor: Cursor[Any], rows: Sequence[LedgerRow]) -> None:
    """Point ledger entries that are there at their new version."""
    if rows:
        _, columns, types = _STAGES["stage_moved_ledger"]
        copy_rows(cursor, table="stage_moved_ledger", columns=columns, types=types, rows=rows)
        cursor.execute(
            """UPDATE screening_result_ledger l
               SET contents = n.contents, month = n.month, result_id = n.result_id, version = n.version
               FROM stage_moved_ledger n WHERE l.key = n.key"""
        )


def forget_messages(cursor: Cursor[Any], keys: Sequence[bytes]) -> None:
    """Drop ledger entries of refused messages whose place a better one takes; the messages stay."""
    if keys:
        cursor.execute("DELETE FROM screening_message_ledger WHERE key = ANY(%s)", (sorted(keys),))


def add_deliveries(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    """The deliveries themselves; a second batch of the same one changes nothing."""
    if rows:
        cursor.execute(
            """INSERT INTO screening_delivery (id, received_at, channel, laboratory, size, digest)
               SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[],
                                    %s::bytea[])
               ON CONFLICT DO NOTHING""",
            [list(column) for column in zip(*rows, strict=True)],
        )


def _one(cursor: Cursor[Any]) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the query has no row")
    return tuple(row)
