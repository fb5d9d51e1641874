"""What is written by hand is what PostgreSQL reads: every type, its edges, and nothing at all."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import psycopg
import pytest

from rempart.foundation.database.bulk import Array, binary_cursor, insert_rows

EAST = timezone(timedelta(hours=14))
VALUES = {
    "bool": [True, None, False],
    "bytea": [b"", b"\0\xff" * 300, None],
    "int2": [-32768, 0, 32767],
    "int4": [-(2**31), None, 2**31 - 1],
    "int8": [-(2**63), 0, 2**63 - 1],
    "text": ["", 'Zoé \U0001f600 \\ " {}', None],
    "date": [date(1, 1, 1), date(2000, 1, 1), date(9999, 12, 31), None],
    "timestamptz": [datetime(1, 1, 2, tzinfo=EAST), datetime(2026, 11, 21, 3, 4, 5, 678901, UTC), None],
    "uuid": [UUID(int=0), UUID(int=2**128 - 1), None],
    "jsonb": [[["A", "b\u00e9"], {"c": None}], None, {}],
}


@pytest.fixture
def cursor(test_database):
    with psycopg.connect(test_database.app_url) as connection:
        yield binary_cursor(connection)
        connection.rollback()


@pytest.mark.parametrize("type", VALUES)
def test_an_array_says_what_it_was_made_from(type, cursor):
    whole = [value for value in VALUES[type] if value is not None]
    for name, values in (
        (f"{type}?", VALUES[type]),
        (type, whole),
        (type, whole[:1]),
        (type, []),
        (f"{type}?", []),
    ):
        cursor.execute(f"SELECT array_agg(v) FROM unnest(%s::{type}[]) v", (Array(name, values),))
        assert cursor.fetchone()[0] == (values or None)


def test_digests_are_written_together(cursor):
    digests = [bytes([n]) * 16 for n in range(3)]
    cursor.execute("SELECT array_agg(v) FROM unnest(%s::bytea[]) v", (Array("bytea", digests),))
    assert cursor.fetchone()[0] == digests


def test_rows_are_inserted_and_what_is_the_same_in_all_of_them_said_once(cursor):
    cursor.execute("CREATE TEMP TABLE sample (day date, key bytea PRIMARY KEY, number int4) ON COMMIT DROP")
    rows = [(b"a", 1), (b"b", None)]
    day = date(2026, 11, 21)
    columns = {"key": "bytea", "number": "int4?"}
    insert_rows(cursor, table="sample", columns=columns, rows=rows, same={"day": day})
    insert_rows(cursor, table="sample", columns=columns, rows=[], same={"day": day})
    insert_rows(
        cursor,
        table="sample",
        columns={"key": "bytea"},
        rows=[(b"a",), (b"c",)],
        met="ON CONFLICT DO NOTHING",
    )
    cursor.execute("SELECT * FROM sample ORDER BY key")
    assert cursor.fetchall() == [(day, b"a", 1), (day, b"b", None), (None, b"c", None)]
