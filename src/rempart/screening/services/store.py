"""The intake road's SQL: a few set-based statements per batch, whatever its size.

Rows travel as an array for each column, and every statement is prepared: in a pipeline, none waits for the one before.
Every table that two batches may write under the same key says so by refusing the row: the batch is then undone and
taken again, and sees the other's rows. Rows go in the order of that key, so that two batches never wait for each other
in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, transaction
from psycopg import Connection, Cursor
from psycopg.errors import DeadlockDetected, UniqueViolation

from rempart.foundation.database.bulk import Array, binary_cursor, insert_rows
from rempart.foundation.people.rules import Known
from rempart.foundation.vault.indexing import DIGEST_BYTES
from rempart.screening.rules.keeping import Earlier, Version
from rempart.screening.rules.report import Outcome
from rempart.screening.services.prepared import VALUE_COLUMNS


class Conflict(Exception):
    """Another batch kept the same message, result or person a moment ago: take this one again."""


UNAVAILABLE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, Conflict)
"""What says that the database did not keep anything, whatever the messages are: bring the same again."""


LedgerRow = tuple[bytes, bytes, date, UUID, int]
"""Key, what each version said (their digests, one after the other), and where the current one is: month, result, version."""

_MET = frozenset(
    {"people_identity", "people_matching_key", "screening_message_ledger", "screening_result_ledger"}
)
"""Tables that two batches may write under the same key."""

_PERSON = {"id": "uuid"}
_IDENTITY = {
    "id": "uuid", "department": "text", "expires_on": "date", "sealed": "bytea", "whole": "bytea", "ins": "bytea?",
    "name_birth": "bytea?", "used_name_birth": "bytea?",
}  # fmt: skip
_LINK = {"identity_id": "uuid", "person_id": "uuid", "certainty": "text"}
_KEY = {"key": "bytea", "person_id": "uuid", "is_ins": "bool", "shared": "bool"}
_TYPES_OF_VALUES = {
    "sampled_at": "timestamptz", "validated_at": "timestamptz?", "sampled_on": "date", "expires_on": "date",
    "health_worker": "bool?", "sealed": "bytea",
}  # fmt: skip
_RESULT = {
    "id": "uuid", "ledger_key": "bytea", "version": "int4", "current": "bool", "retracted": "bool",
    "delivery_id": "uuid", "person_id": "uuid", "identity_id": "uuid",
} | {name: _TYPES_OF_VALUES.get(name, "text") for name in VALUE_COLUMNS}  # fmt: skip
_MESSAGE = {
    "delivery_id": "uuid", "position": "int4", "department": "text", "format": "text", "outcome": "text",
    "findings": "jsonb?", "sealed": "bytea?", "expires_on": "date?", "ledger_key": "bytea?",
}  # fmt: skip
_DOCUMENT = {
    "id": "uuid", "result_id": "uuid", "person_id": "uuid", "department": "text", "rank": "int2", "media_type": "text",
    "size": "int4", "expires_on": "date", "sealed": "bytea",
}  # fmt: skip
_MESSAGE_LEDGER = {"key": "bytea", "body": "bytea", "delivery_id": "uuid", "position": "int4"}
_DELIVERY = {
    "id": "uuid", "received_at": "timestamptz", "channel": "text", "laboratory": "text", "size": "int8",
    "digest": "bytea",
}  # fmt: skip

_DOCUMENTS_AT_ONCE = 8

_CONTENTS = f"""CASE length(n.contents) WHEN {DIGEST_BYTES} THEN ARRAY[n.contents] ELSE ARRAY(
    SELECT substring(n.contents FROM first FOR {DIGEST_BYTES})
    FROM generate_series(1, length(n.contents), {DIGEST_BYTES}) first ORDER BY first) END"""  # noqa: S608 -- a number
"""Digests one after the other as an array: an array of arrays of several lengths is none."""


@contextmanager
def conflicts() -> Iterator[None]:
    """Say Conflict where another batch has written a key of this one meanwhile, or waits for it as it waits for that.

    In a pipeline what went wrong may be told by the commit only, which is Django's.
    """
    try:
        yield
    except (IntegrityError, OperationalError, UniqueViolation, DeadlockDetected) as error:
        met = error.__cause__ if isinstance(error, DatabaseError) else error
        if isinstance(met, UniqueViolation) and met.diag.table_name in _MET:
            raise Conflict(met.diag.table_name) from None
        if isinstance(met, DeadlockDetected):
            raise Conflict("deadlock") from None
        raise


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
            cursor.execute(
                "SELECT screening_result_month(%s), screening_message_month(%s), screening_document_month(%s)",
                (month, month, month),
            )


# What is there: each function asks, and returns a function that waits for the answer. Several can be asked at once.


def earlier_messages(
    connection: Connection[Any], keys: Collection[bytes]
) -> Callable[[], dict[bytes, Earlier]]:
    """The messages kept under these keys, locked until the end of the transaction.

    One whose month was dropped since is still known, and counts as accepted.
    """
    asked = _ask(
        connection,
        """SELECT l.key, l.body, l.delivery_id, l.position, coalesce(m.outcome, 'accepted')
           FROM screening_message_ledger l
           LEFT JOIN screening_message m USING (month, delivery_id, position)
           WHERE l.key = ANY(%s::bytea[]) ORDER BY l.key FOR UPDATE OF l""",
        keys,
    )
    return lambda: {
        bytes(key): Earlier(
            body=bytes(body), outcome=Outcome(outcome), delivery_id=delivery, position=position
        )
        for key, body, delivery, position, outcome in asked.fetchall()
    }


def current_versions(
    connection: Connection[Any], keys: Collection[bytes]
) -> Callable[[], dict[bytes, Version]]:
    """The current version of each result known under these keys, locked likewise."""
    asked = _ask(
        connection,
        """SELECT key, contents, month, result_id, version FROM screening_result_ledger
           WHERE key = ANY(%s::bytea[]) ORDER BY key FOR UPDATE""",
        keys,
    )
    return lambda: {
        bytes(key): Version(
            contents=tuple(map(bytes, contents)), month=month, result_id=result_id, number=number
        )
        for key, contents, month, result_id, number in asked.fetchall()
    }


def known_identities(
    connection: Connection[Any], wholes: Collection[bytes]
) -> Callable[[], dict[bytes, tuple[UUID, UUID]]]:
    """(identity, person) of the identities already kept word for word."""
    asked = _ask(
        connection,
        """SELECT i.whole, i.id, l.person_id FROM people_identity i
           JOIN people_link l ON l.identity_id = i.id WHERE i.whole = ANY(%s::bytea[])""",
        wholes,
    )
    return lambda: {bytes(whole): (identity, person) for whole, identity, person in asked.fetchall()}


def known_keys(connection: Connection[Any], keys: Collection[bytes]) -> Callable[[], dict[bytes, Known]]:
    """The persons to whom these matching keys belong."""
    asked = _ask(
        connection,
        """SELECT k.key, k.person_id, k.shared, own.has_ins IS NOT NULL
           FROM people_matching_key k LEFT JOIN LATERAL (
               SELECT true AS has_ins FROM people_matching_key o
               WHERE o.person_id = k.person_id AND o.is_ins LIMIT 1
           ) own ON true
           WHERE k.key = ANY(%s::bytea[])""",  # as a plain EXISTS, it may be answered by reading every key there is
        keys,
    )
    return lambda: {
        bytes(key): Known(person=person, has_ins=has_ins, shared=shared)
        for key, person, shared, has_ins in asked.fetchall()
    }


def _ask(connection: Connection[Any], query: str, keys: Collection[bytes]) -> Cursor[Any]:
    cursor = binary_cursor(connection)
    cursor.execute(query, (Array("bytea", list(keys)),), prepare=True)
    return cursor


# What is written


def add_people(
    cursor: Cursor[Any],
    *,
    persons: Iterable[UUID],
    identities: Sequence[tuple[Any, ...]],
    links: Sequence[tuple[Any, ...]],
    keys: Iterable[tuple[Any, ...]],
    now: datetime,
) -> None:
    """New persons, their identities, links and matching keys. Conflict: see the module."""
    insert_rows(
        cursor,
        table="people_matching_key",
        columns=_KEY,
        rows=sorted(keys, key=itemgetter(0)),
        same={"made_on": now.date()},
    )
    insert_rows(
        cursor,
        table="people_person",
        columns=_PERSON,
        rows=[(person,) for person in persons],
        same={"created_at": now},
    )
    insert_rows(
        cursor,
        table="people_identity",
        columns=_IDENTITY,
        rows=sorted(identities, key=itemgetter(4)),
        same={"created_at": now},
    )
    insert_rows(cursor, table="people_link", columns=_LINK, rows=links, same={"made_at": now})


def add_results(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]], *, month: date, now: datetime) -> None:
    """Versions of results, all received now."""
    same = {"month": month, "received_at": now}
    insert_rows(cursor, table="screening_result", columns=_RESULT, rows=rows, same=same)


def add_documents(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]], *, month: date) -> None:
    """Attached reports, a few at a time: each may have 5 MB. Most batches have none."""
    for first in range(0, len(rows), _DOCUMENTS_AT_ONCE):
        some, same = rows[first : first + _DOCUMENTS_AT_ONCE], {"month": month}
        insert_rows(cursor, table="screening_document", columns=_DOCUMENT, rows=some, same=same)


def add_messages(
    cursor: Cursor[Any],
    rows: Sequence[tuple[Any, ...]],
    ledger: Iterable[tuple[Any, ...]],
    *,
    month: date,
) -> None:
    """Messages, and the ledger entries of those that are the first of theirs. Conflict: see the module."""
    entries = sorted(ledger, key=itemgetter(0))
    same = {"month": month}
    insert_rows(cursor, table="screening_message_ledger", columns=_MESSAGE_LEDGER, rows=entries, same=same)
    insert_rows(cursor, table="screening_message", columns=_MESSAGE, rows=rows, same=same)


def add_to_ledger(cursor: Cursor[Any], rows: Iterable[LedgerRow]) -> None:
    """Ledger entries of results that come for the first time. Conflict: see the module."""
    if arrays := _ledger_arrays(rows):
        cursor.execute(
            f"""INSERT INTO screening_result_ledger (key, contents, month, result_id, version)
                SELECT key, {_CONTENTS}, month, result_id, version FROM {_LEDGER_ROWS}""",  # noqa: S608 -- ours
            arrays,
            prepare=True,
        )


def move_ledger(cursor: Cursor[Any], rows: Iterable[LedgerRow]) -> None:
    """Point ledger entries that are there at their new version."""
    if arrays := _ledger_arrays(rows):
        cursor.execute(
            f"""UPDATE screening_result_ledger l
                SET contents = {_CONTENTS}, month = n.month,
                    result_id = n.result_id, version = n.version
                FROM {_LEDGER_ROWS} WHERE l.key = n.key""",  # noqa: S608 -- ours
            arrays,
            prepare=True,
        )


_LEDGER_ROWS = (
    "unnest(%s::bytea[], %s::bytea[], %s::date[], %s::uuid[], %s::int4[])"
    " AS n (key, contents, month, result_id, version)"
)


def _ledger_arrays(rows: Iterable[LedgerRow]) -> tuple[Array, ...]:
    ordered = sorted(rows, key=itemgetter(0))
    types = ("bytea", "bytea", "date", "uuid", "int4")
    return tuple(
        [Array(type, column) for type, column in zip(types, zip(*ordered, strict=True), strict=False)]
    )


def hold(cursor: Cursor[Any], persons: Collection[UUID]) -> None:
    """Lock known people to whom an identity is about to be linked; Conflict when one of them was just forgotten."""
    if not persons:
        return
    cursor.execute(
        "SELECT id FROM people_person WHERE id = ANY(%s::uuid[]) ORDER BY id FOR KEY SHARE",
        (Array("uuid", list(persons)),),
        prepare=True,
    )
    if len(cursor.fetchall()) != len(persons):
        raise Conflict("people_person")


def claim(cursor: Cursor[Any], persons: Collection[UUID]) -> None:
    """Lock people known without a matricule who are about to get one; Conflict when one of them just got his.

    Two homonyms with a matricule each never become one person, though they come at the same moment.
    """
    if not persons:
        return
    keys = (Array("uuid", list(persons)),)
    cursor.execute(
        "SELECT FROM people_person WHERE id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE", keys, prepare=True
    )
    cursor.execute(
        "SELECT FROM people_matching_key WHERE person_id = ANY(%s::uuid[]) AND is_ins LIMIT 1",
        keys,
        prepare=True,
    )
    if cursor.fetchall():
        raise Conflict("people_person")


def share_keys(cursor: Cursor[Any], keys: Sequence[bytes]) -> None:
    """Note that several people bear these traits: nobody is matched by them any more."""
    if keys:
        ordered = (Array("bytea", sorted(keys)),)
        cursor.execute("UPDATE people_matching_key SET shared = true WHERE key = ANY(%s::bytea[])", ordered)


def supersede(cursor: Cursor[Any], versions: Sequence[Version]) -> None:
    """These versions are no longer the current ones."""
    if versions:
        cursor.execute(
            """UPDATE screening_result r SET current = false
               FROM unnest(%s::date[], %s::uuid[]) AS old(month, id)
               WHERE r.month = old.month AND r.id = old.id""",
            (Array("date", [v.month for v in versions]), Array("uuid", [v.result_id for v in versions])),
            prepare=True,
        )


def forget_messages(cursor: Cursor[Any], keys: Sequence[bytes]) -> None:
    """Drop ledger entries of refused messages whose place a better one takes; the messages stay."""
    if keys:
        ordered = (Array("bytea", sorted(keys)),)
        cursor.execute("DELETE FROM screening_message_ledger WHERE key = ANY(%s::bytea[])", ordered)


def add_deliveries(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]]) -> None:
    """The deliveries themselves; a second batch of the same one changes nothing."""
    insert_rows(
        cursor, table="screening_delivery", columns=_DELIVERY, rows=sorted(rows, key=itemgetter(0)),
        met="ON CONFLICT DO NOTHING",
    )  # fmt: skip
