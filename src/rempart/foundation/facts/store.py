"""The one writer and the one reader of pseudonymous facts: Parquet files, by month of reception.

    <root>/month=2020-11/part-<start>.parquet

`start` is the position of the first event of a batch. A batch that is written again after a crash lands in
the same files, so a fact is there once; and where a retry cuts its batches otherwise, the reader keeps one
row per fact anyway: the highest version, unless it was retracted.
"""

from __future__ import annotations

import logging
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rempart.foundation.facts.schema import (
    ARROW_SCHEMA,
    SCHEMA_VERSION,
    VERSION_KEY,
    FactsError,
    ResultFact,
    to_minute,
)

if TYPE_CHECKING:
    import ibis
    from ibis import Table

logger = logging.getLogger(__name__)

_START = re.compile(r"[0-9A-Za-z_-]{1,80}")
_TIDY_ABOVE = 64  # files in a month; a live intake writes one every second
_COMPACT_FROM = 8  # files in a row
_COMPACT_BELOW = 32 * 1024 * 1024  # bytes; a larger file is left as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsStatus:
    """What the store holds; `rows` counts every stored version, `facts` what a reader sees."""

    files: int
    bytes: int
    rows: int
    facts: int
    months: tuple[str, ...]
    last_sampled_on: date | None
    damaged: tuple[Path, ...]


def write_batch(root: Path, batch: Sequence[ResultFact], *, start: str) -> tuple[Path, ...]:
    """Write a batch durably; returns its files, one per month of reception.

    `start` is the position of the batch, written so that the order of texts is the order of positions
    (zero-padded). When this returns, the files are on disk under their names; the caller may then store
    its position. Written again with the same start, the batch replaces itself. Only one process writes at
    a time; it joins small files (see `compact`) when a month has many.
    """
    if not _START.fullmatch(start):
        raise FactsError(f"start {start!r}: at most 80 letters, digits, '-' or '_'")
    by_month: dict[str, list[ResultFact]] = defaultdict(list)
    for fact in batch:
        by_month[f"{to_minute(fact.received_at):%Y-%m}"].append(fact)
    written = []
    for month, facts in sorted(by_month.items()):
        path = root / f"month={month}" / f"part-{start}.parquet"
        _write(path, _to_arrow(facts))
        written.append(path)
        if len(files := _parts(path.parent)) > _TIDY_ABOVE:
            _compact(files)
    return tuple(written)


def read(root: Path) -> Table:
    """The facts, as a lazy Ibis table on DuckDB: the latest version of each, retracted ones gone.

    An empty store gives an empty table with the same columns. Temporary files are not looked at; a
    damaged file is left out, and its name logged. Raises FactsError when a file was written by a later
    version of Rempart.
    """
    import ibis

    rows = _rows(ibis.duckdb.connect(), _readable(root))
    newest = ibis.row_number().over(group_by=rows.fact_id, order_by=rows.version.desc())
    ranked = rows.mutate(rank=newest)
    return ranked.filter(ranked["rank"] == 0, ~ranked.retracted).drop("rank", "retracted")


def query(root: Path, question: Callable[[Table], Table]) -> pa.Table:
    """Answer a question over the facts; asked again once when `compact` took a file away meanwhile."""
    try:
        return question(read(root)).to_pyarrow()
    except duckdb.IOException:
        return question(read(root)).to_pyarrow()


def fingerprint(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every file: equal as long as the store has not changed."""
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in _listed(root))


def compact(root: Path) -> int:
    """Join runs of small files of the same month into their first one; returns how many files went away.

    Only the process that writes may call it. The newest file of a month is left alone: it is the only one
    that a retry can still write again. A crash in between leaves facts twice, which the reader undoes.
    """
    return sum(_compact(_parts(folder)) for folder in sorted(root.glob("month=*")))


def status(root: Path) -> FactsStatus:
    """What `rempart facts status` shows."""
    listed = _listed(root)
    readable = _readable(root)
    facts = query(root, lambda table: table.aggregate(n=table.count(), last=table.sampled_on.max()))
    return FactsStatus(
        files=len(readable),
        bytes=sum(stat.st_size for path, stat in listed if path in set(readable)),
        rows=sum(pq.read_metadata(path).num_rows for path in readable),
        facts=facts["n"][0].as_py(),
        months=tuple(sorted({path.parent.name.removeprefix("month=") for path in readable})),
        last_sampled_on=facts["last"][0].as_py(),
        damaged=tuple(path for path, _ in listed if path not in set(readable)),
    )


def _to_arrow(facts: Iterable[ResultFact]) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name in ARROW_SCHEMA.names}
    for fact in facts:
        for name, values in columns.items():
            values.append(getattr(fact, name))
    columns["fact_id"] = [bytes.fromhex(str(value)) for value in columns["fact_id"]]
    for name in ("received_at", "validated_at"):
        columns[name] = [to_minute(value) for value in columns[name]]  # type: ignore[arg-type]
    return pa.table(columns, schema=ARROW_SCHEMA)


def _write(path: Path, table: pa.Table) -> None:
    """Write under a temporary name, make it durable, then give it its own name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(table, temporary, compression="zstd")
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _compact(files: Sequence[Path]) -> int:
    gone = 0
    run: list[Path] = []
    for path in files[:-1]:
        if path.stat().st_size < _COMPACT_BELOW and _damage(path) is None:
            run.append(path)
        else:
            gone += _join(run)
            run = []
    return gone + _join(run)


def _join(run: Sequence[Path]) -> int:
    if len(run) < _COMPACT_FROM:
        return 0
    _write(run[0], pa.concat_tables([pq.read_table(path, partitioning=None) for path in run]))
    for path in run[1:]:
        path.unlink()
    return len(run) - 1


def _listed(root: Path) -> list[tuple[Path, os.stat_result]]:
    listed = []
    for path in sorted(root.glob("month=*/part-*.parquet")):
        try:
            listed.append((path, path.stat()))
        except FileNotFoundError:  # joined into another one since the folder was listed
            continue
    return listed


def _readable(root: Path) -> list[Path]:
    return [path for path, _ in _listed(root) if _damage(path) is None]


def _damage(path: Path) -> str | None:
    """Why a file cannot be read, or None; a file is looked at once as long as it does not change."""
    stat = path.stat()
    return _inspect(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=65_536)
def _inspect(path: Path, size: int, changed: int) -> str | None:
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        logger.warning(
            "facts: %s is damaged and left out of every figure (%s); write its batch again with"
            " `rempart facts sync` from the position in its name",
            path,
            error,
        )
        return str(error)
    version = int(metadata.get(VERSION_KEY, b"0"))
    if version > SCHEMA_VERSION:
        raise FactsError(
            f"{path} was written with facts schema {version}, this Rempart reads up to {SCHEMA_VERSION}:"
            " upgrade Rempart"
        )
    return None


def _rows(connection: ibis.BaseBackend, files: Sequence[Path]) -> Table:
    if not files:
        columns = ARROW_SCHEMA.set(0, pa.field("fact_id", pa.binary()))  # DuckDB has no fixed-size binary
        import ibis

        return connection.create_table("facts", schema=ibis.Schema.from_pyarrow(columns))
    return connection.read_parquet([str(path) for path in files], hive_partitioning=False)
