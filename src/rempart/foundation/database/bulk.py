"""Many rows at once: arrays written as PostgreSQL reads them, inserts of whole batches, and COPY."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection, Cursor, pq, sql
from psycopg.adapt import Dumper


class Array:
    """A one-dimensional array as it travels, made from a list in one go; `type` is PostgreSQL's name of its elements,
    with a question mark behind it where some may be None.

    The driver asks each element for its type, and takes a microsecond for each; a batch has tens of thousands.
    In a query it stands with its type: `%s::uuid[]`.
    """

    __slots__ = ("data",)

    def __init__(self, type: str, values: Sequence[Any]) -> None:
        oid, cell = _CELLS[type.rstrip("?")]
        if type[-1] == "?":
            written = b"".join([_NULL if value is None else cell(value) for value in values])
        elif cell is _bytes and set(map(len, values)) == {16}:  # digests
            written = _SIXTEEN + _SIXTEEN.join(values)
        elif cell is _uuid and values:
            written = _SIXTEEN + _SIXTEEN.join([value.int.to_bytes(16, "big") for value in values])
        else:
            written = b"".join(map(cell, values))
        self.data = _ARRAY.pack(1, 0, oid, len(values), 1) + written  # the server finds nulls by itself


_ARRAY = struct.Struct(">iiIii")  # dimensions, whether some are null, type, length, first index
_LENGTH = struct.Struct(">i")
_MOMENT, _DAY, _INT = struct.Struct(">iq"), struct.Struct(">ii"), struct.Struct(">ii")
_SHORT = struct.Struct(">ih")
_NULL = _LENGTH.pack(-1)
_SIXTEEN = _LENGTH.pack(16)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_CODES = 8_192  # of texts: codes, of which there are few


def _bytes(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


@lru_cache(maxsize=_CODES)
def _text(value: str) -> bytes:
    return _bytes(value.encode())


def _uuid(value: UUID) -> bytes:
    return _SIXTEEN + value.bytes


def _moment(value: datetime) -> bytes:
    since = value - _EPOCH
    return _MOMENT.pack(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


@lru_cache(maxsize=_CODES)
def _day(value: date) -> bytes:
    return _DAY.pack(4, value.toordinal() - _EPOCH_DAY)


def _json(value: object) -> bytes:
    return _bytes(b"\x01" + orjson.dumps(value))


_CELLS: Mapping[str, tuple[int, Callable[[Any], bytes]]] = {
    "bool": (16, {True: b"\0\0\0\x01\x01", False: b"\0\0\0\x01\0"}.__getitem__),
    "bytea": (17, _bytes),
    "int2": (21, lambda value: _SHORT.pack(2, value)),
    "int4": (23, lambda value: _INT.pack(4, value)),
    "int8": (20, lambda value: _MOMENT.pack(8, value)),
    "text": (25, _text),
    "date": (1082, _day),
    "timestamptz": (1184, _moment),
    "uuid": (2950, _uuid),
    "jsonb": (3802, _json),
}
"""By type: its number in every PostgreSQL, and how an element is written, its length before it."""


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY
    oid = 0  # the query says it

    def dump(self, obj: Array) -> bytes:
        return obj.data


def binary_cursor(connection: Connection[Any]) -> Cursor[Any]:
    """A cursor that binds on the server, speaks binary both ways, and takes an Array for an argument: arrays of
    thousands of keys cost several times less than quoted into the text of the query, as Django's cursors do."""
    connection.adapters.register_dumper(Array, _ArrayDumper)
    cursor = Cursor(connection)
    cursor.format = pq.Format.BINARY
    return cursor


def insert_rows(
    cursor: Cursor[Any],
    *,
    table: str,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    same: Mapping[str, Any] | None = None,
    met: str = "",
) -> None:
    """Insert rows in one prepared statement, as an array for each column; nothing for no rows.

    `columns`: name and type of each element of a row, as an Array takes it; a jsonb is given as what it means. `same`:
    columns that have one value in every row. `met`: what follows the rows, such as ON CONFLICT DO NOTHING. It works into a
    table with row security, where COPY does not, and takes no more time than COPY where it was measured. The cursor
    is a `binary_cursor`; table and columns are names of ours.
    """
    if not rows:
        return
    same = same or {}
    statement = _insert(table, tuple(columns), tuple(columns.values()), tuple(same), met)
    arrays = [
        Array(type, values) for type, values in zip(columns.values(), zip(*rows, strict=True), strict=True)
    ]
    cursor.execute(statement, (*same.values(), *arrays), prepare=True)


@cache
def _insert(
    table: str, names: tuple[str, ...], types: tuple[str, ...], same: tuple[str, ...], met: str
) -> str:
    arrays = ", ".join([f"%s::{type.rstrip('?')}[]" for type in types])
    values = ", ".join(["%s"] * len(same) + ["one.*"])
    return f"INSERT INTO {table} ({', '.join((*same, *names))}) SELECT {values} FROM unnest({arrays}) AS one {met}"  # noqa: S608 -- names of ours


def copy_rows(
    cursor: Cursor[Any],
    *,
    table: str,
    columns: Sequence[str],
    types: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Write rows by COPY and return their number; `types` are PostgreSQL's names, one per column.

    Binary, which took 2 to 3 times as many rows per second as text where it was measured. A value must
    be of its column's Python type (an int for int4 or int8, an aware datetime for timestamptz), for
    binary COPY converts nothing. COPY does not work into a table with row security: see `insert_rows`.
    `table` may be qualified by its schema.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
