"""A published file into its directory: staged, compared with what is there, then taken in one transaction; or refused.

Rows are staged in steps of a fraction of a second, outside any long transaction (one open anywhere holds back every
reader of events). Nothing is taken from a file with a faulty line, nor from one that would lose too much of the
directory, is older than the last one, or names a thing twice; the directory then stays as it was, and the refusal is
kept. The same file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.directories import files, laboratories
from rempart.foundation.directories.files import Source, Unreadable
from rempart.foundation.directories.layouts import layouts_of, published_on
from rempart.foundation.directories.layouts.rows import Fault, Layout, Row
from rempart.foundation.directories.models import Load
from rempart.foundation.directories.policy import Directory, policy

_STEP = 20_000
"""Rows staged in one transaction."""

_SHOWN = 20
"""Faults that a refusal lists."""

_LOCK = 7_355_608_004
"""Of the database: one load at a time."""


class Refused(Exception):
    """The file was not taken; `why` holds one reason or, for faulty lines, one each."""

    def __init__(self, *why: str) -> None:
        super().__init__("; ".join(why))
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a file did to a directory, in things it names (establishments, professionals, addresses); `rows`: of the
    table, after. `same`: it is the file that was taken last."""

    directory: Directory
    file: str
    published: str
    rows: int
    added: int = 0
    changed: int = 0
    gone: int = 0
    same: bool = False


def load(path: Path, *, now: datetime, sure: bool = False) -> list[Taken]:
    """Load a published file, or an archive of some, whatever its directory; what that did, one for each directory.

    `sure`: somebody looked, and it may shrink the directory or be older than the last. Raises Refused; a
    file of an archive that is none of ours is left aside.
    """
    try:
        digest = files.digest_of(path)
        found = [
            (source, layouts, published_on(head))
            for source in files.sources(path)
            if (layouts := layouts_of(head := _head(source)))
        ]
    except Unreadable as why:
        raise Refused(str(why)) from None
    if not found:
        raise Refused(
            "not a file of the directories: FINESS (structureet, structureej), PS_LibreAcces_Personne_activite"
            " or Extraction_Correspondance_MSSante are expected, plain or in a ZIP"
        )
    taken = []
    with _alone():
        for source, layouts, day in found:
            published = source.published or day
            taken += _load(source, layouts, published=published, digest=digest, now=now, sure=sure)
    return taken


def _head(source: Source) -> list[bytes]:
    """The first two lines."""
    with source.open() as stream:
        return [line for _, line in islice(files.lines(stream, most_bytes=policy().most_bytes), 2)]


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
        if not cursor.fetchone()[0]:
            raise Refused("another load is under way")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _load(
    source: Source, layouts: Sequence[Layout], *, published: str, digest: bytes, now: datetime, sure: bool
) -> list[Taken]:
    main = layouts[0].directory
    last = Load.objects.filter(directory=main, refused="").order_by("-at").first()
    if last is not None and bytes(last.digest) == digest:
        return [Taken(directory=main, file=source.name, published=last.published, rows=last.rows, same=True)]
    try:
        if last is not None and published and published < last.published and not sure:
            raise Refused(f"it is of {published}, the one taken last of {last.published}")
        with connection.cursor() as cursor, _staged(cursor, source, layouts) as filled:
            return _take(cursor, source, filled, published=published, digest=digest, now=now, sure=sure)
    except Refused as refusal:
        Load.objects.create(
            directory=main, file=source.name, digest=digest, published=published, at=now,
            rows=0, added=0, changed=0, gone=0, refused="\n".join(refusal.why),
        )  # fmt: skip
        raise


@contextmanager
def _staged(cursor: CursorWrapper, source: Source, layouts: Sequence[Layout]) -> Iterator[list[Layout]]:
    """The rows of the file in one staging table per directory, dropped afterwards; those that have some. Raises Refused."""
    try:
        filled = []
        for layout in layouts:
            cursor.execute(_sql("CREATE TEMP TABLE {stage} (LIKE {table}, line int8 NOT NULL)", layout))
            if _stage(cursor, source, layout):
                filled.append(layout)
                cursor.execute(_sql("ANALYZE {stage}", layout))
        if not filled:
            raise Refused("it holds no row")
        yield filled
    finally:
        for layout in layouts:
            cursor.execute(_sql("DROP TABLE IF EXISTS pg_temp.{stage}", layout))


def _stage(cursor: CursorWrapper, source: Source, layout: Layout) -> int:
    faults: list[Fault] = []
    rows = 0
    columns = ("digest", *layout.columns, "line")
    types = ("bytea", *layout.columns.values(), "int8")
    try:
        with source.open() as stream:
            read = layout.read(files.lines(stream, most_bytes=policy().most_bytes))
            good = _good(read, faults)
            while step := [(row.digest, *row.values, row.line) for row in islice(good, _STEP)]:
                rows += copy_rows(
                    cursor.cursor, table=_stage_of(layout), columns=columns, types=types, rows=step
                )
    except Unreadable as why:
        raise Refused(*map(str, faults), str(why)) from None
    if faults:
        raise Refused(*map(str, faults))
    return rows


def _good(found: Iterable[Row | Fault], faults: list[Fault]) -> Iterator[Row]:
    """The rows, until the first fault; then nothing but faults is looked for, until there are enough to show."""
    for one in found:
        if isinstance(one, Fault):
            faults.append(one)
            if len(faults) == _SHOWN:
                return
        elif not faults:
            yield one


def _take(
    cursor: CursorWrapper, source: Source, layouts: Sequence[Layout], *,
    published: str, digest: bytes, now: datetime, sure: bool,
) -> list[Taken]:  # fmt: skip
    taken = []
    for layout in layouts:
        _refuse_twice(cursor, layout)
        rows = _refuse_shrinking(cursor, layout, sure=sure)
        added, changed, gone = _difference(cursor, layout)
        taken.append(
            Taken(
                directory=layout.directory, file=source.name, published=published,
                rows=rows, added=added, changed=changed, gone=gone,
            )
        )  # fmt: skip
    with transaction.atomic():
        for layout, one in zip(layouts, taken, strict=True):
            cursor.execute(
                _sql(
                    "DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM {stage} s WHERE s.digest = t.digest)",
                    layout,
                )
            )
            cursor.execute(
                _sql(
                    "INSERT INTO {table} ({columns}) SELECT DISTINCT ON (digest) {columns} FROM {stage} s"
                    " WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.digest = s.digest)",
                    layout,
                )
            )
            Load.objects.create(
                directory=layout.directory, file=one.file, digest=digest, published=published, at=now,
                rows=one.rows, added=one.added, changed=one.changed, gone=one.gone, refused="",
            )  # fmt: skip
            if layout.directory is Directory.ESTABLISHMENTS:
                laboratories.follow(cursor)
    return taken


def _refuse_twice(cursor: CursorWrapper, layout: Layout) -> None:
    if not layout.unique:
        return
    cursor.execute(
        _sql(
            "SELECT {key}, array_agg(line ORDER BY line) FROM {stage} GROUP BY {key}"
            " HAVING count(DISTINCT digest) > 1 ORDER BY 2 LIMIT 20",
            layout,
        )
    )
    if twice := cursor.fetchall():
        raise Refused(
            *(f"lines {', '.join(map(str, lines))}: {key} is there several times" for key, lines in twice)
        )


def _refuse_shrinking(cursor: CursorWrapper, layout: Layout, *, sure: bool) -> int:
    cursor.execute(
        _sql("SELECT (SELECT count(*) FROM {table}), (SELECT count(DISTINCT digest) FROM {stage})", layout)
    )
    before, after = cursor.fetchone()
    limits = policy().limits[layout.directory]
    if not sure and limits.shrinks_too_much(before=before, after=after):
        raise Refused(
            f"{layout.directory} would go from {before} rows to {after}, more than {limits.shrink:.0%} less;"
            " if that is right, load it with --sure"
        )
    return int(after)


def _difference(cursor: CursorWrapper, layout: Layout) -> tuple[int, int, int]:
    """How many things are new, have other rows, and are gone."""
    cursor.execute(
        _sql(
            """
            WITH new AS (
                SELECT DISTINCT {key} AS key FROM {stage} s
                WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.digest = s.digest)
            ), old AS (
                SELECT DISTINCT {key} AS key FROM {table} t
                WHERE NOT EXISTS (SELECT FROM {stage} s WHERE s.digest = t.digest)
            )
            SELECT (SELECT count(*) FROM new WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.{key} = new.key)),
                   (SELECT count(*) FROM old WHERE NOT EXISTS (SELECT FROM {stage} s WHERE s.{key} = old.key)),
                   (SELECT count(*) FROM (SELECT key FROM new UNION SELECT key FROM old) AS either)
            """,
            layout,
        )
    )
    added, gone, either = cursor.fetchone()
    return added, either - added - gone, gone


def _stage_of(layout: Layout) -> str:
    return f"stage_{layout.table}"


def _sql(text: str, layout: Layout) -> sql.Composed:
    """A statement on a directory's table and its staging table."""
    return sql.SQL(text).format(
        table=sql.Identifier(layout.table),
        stage=sql.Identifier(_stage_of(layout)),
        key=sql.Identifier(layout.key),
        columns=sql.SQL(", ").join(map(sql.Identifier, ("digest", *layout.columns))),
    )
