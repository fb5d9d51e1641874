"""The record day: files of many laboratories into PostgreSQL by `rempart ingest`, beside a raw COPY of the same rows.

python -m benchmarks.intake [N]

About N messages (2,280,000: what France validated on 10 January 2022) are invented first, in the mixture of formats of
the simulator, with its repeats, corrections and faults. Then the command itself runs, on a database of its own that
is durable. The limit is PostgreSQL's own COPY of every row that this stored, into tables of the same shape with the same
indexes, in the same database, one connection.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial, reduce
from operator import add
from pathlib import Path

import psycopg
from benchmarks.meter import measured
from psycopg import sql

from rempart.screening.checking import SOMETHING_REJECTED
from rempart.simulators.files import Written, write_day
from rempart.simulators.laboratory import Epidemic
from rempart.site.runtime import platform

RECORD = 2_280_000
_A_DAY = 0.0147  # messages per inhabitant and day that the simulator sends
_DAYS = 28
_TABLES = (
    "people_person", "people_identity", "people_link", "people_matching_key", "screening_result",
    "screening_result_ledger", "screening_message", "screening_message_ledger", "screening_delivery",
    "events_event", "audit_entry",
)  # fmt: skip
_SPOKEN_EVERY = 10.0  # seconds


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORD
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        began = time.perf_counter()
        written = generate(count, place / "messages")
        took = time.perf_counter() - began
        print(
            f"{written.messages:,} messages in {written.files:,} files, {written.size / 1e6:,.0f} MB,"
            f" invented in {took:.0f} s",
            flush=True,
        )
        with _platform(place / "var") as server:
            seconds = _ingest(place / "messages", written.messages, server)
            copied = copy_seconds(place)
        print(f"raw COPY of the same rows: {written.messages / copied:,.0f}/s")
        print(
            f"intake: {written.messages / seconds:,.0f} results/s, ratio to raw COPY {seconds / copied:.1f}"
        )


def generate(count: int, out: Path) -> Written:
    """About `count` messages of four weeks that end yesterday, written by a process for each core."""
    epidemic = Epidemic(
        seed=1,
        population=round(count / _A_DAY / _DAYS),
        start=date.today() - timedelta(days=_DAYS),  # noqa: DTZ011 -- a day will do
        days=_DAYS,
    )
    out.mkdir(parents=True)
    global _write
    _write = partial(write_day, epidemic, out=out)
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        return reduce(add, pool.imap_unordered(_written, range(_DAYS)))


def _written(day: int) -> Written:
    return _write(day)


@contextmanager
def _platform(var: Path) -> Iterator[int]:
    """A platform of its own; the pid of its database server."""
    os.environ["REMPART_VAR"] = str(var)
    with platform():
        (pid_file,) = var.rglob("postmaster.pid")
        yield int(pid_file.read_text().split("\n", 1)[0])


def _ingest(messages: Path, count: int, server: int) -> float:
    """Run the command over a folder, say what it cost; how many seconds it took."""
    command = [sys.executable, "-m", "rempart.site.cli", "ingest", str(messages), "--no-json"]
    pids: list[int] = []
    with _owner() as connection, measured(server=server, beside=pids) as spent:
        before = _children_seconds()
        log = _value(connection, "SELECT pg_current_wal_lsn()")
        began = time.perf_counter()
        process = subprocess.Popen(command)
        pids.append(process.pid)
        while True:
            try:
                code = process.wait(_SPOKEN_EVERY)
                break
            except subprocess.TimeoutExpired:
                kept = _value(connection, _KEPT)
                elapsed = time.perf_counter() - began
                print(f"  {elapsed:4.0f} s: {kept:,} messages, {kept / elapsed:,.0f}/s", flush=True)
        seconds = time.perf_counter() - began
        ours = _children_seconds() - before
        log_bytes = _value(connection, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", log)
        stored = _value(connection, "SELECT count(*) FROM screening_result")
    if code != SOMETHING_REJECTED:  # some messages are damaged on purpose
        raise SystemExit(f"rempart ingest ended with {code}")
    print(f"kept in {seconds:.1f} s: {stored:,} results; {float(log_bytes) / count:,.0f} bytes of log each")
    everything = {"Python: reading and keeping": ours, **spent.seconds}
    print("CPU for each message, in microseconds:")
    for kind, used in sorted(everything.items(), key=lambda one: -one[1]):
        if used / count > 0.05e-6:
            print(f"  {used / count * 1e6:6.1f}  {kind}")
    print(f"  {sum(everything.values()) / count * 1e6:6.1f}  in all")
    print(f"most memory at once, of all processes: {spent.peak / 1e6:,.0f} MB", flush=True)
    return seconds


_KEPT = "SELECT coalesce(sum(n_tup_ins), 0)::int FROM pg_stat_user_tables WHERE relname LIKE 'screening\\_message\\_2%'"


def copy_seconds(place: Path) -> float:
    """How long PostgreSQL needs to COPY every stored row into tables of the same shape; a file of `place` serves."""
    total = 0.0
    rows = place / "rows"
    with _owner() as connection:
        for name in _TABLES:
            table, copied = sql.Identifier(name), sql.Identifier(f"bench_{name}")
            query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT BINARY)").format(table)
            with connection.cursor().copy(query) as out, rows.open("wb") as file:
                for part in out:
                    file.write(part)
            connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(copied, table))
            began = time.perf_counter()
            query = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(copied)
            with connection.cursor().copy(query) as copy, rows.open("rb") as file:
                while part := file.read(1 << 20):
                    copy.write(part)
            total += time.perf_counter() - began
            connection.execute(sql.SQL("DROP TABLE {}").format(copied))
    rows.unlink()
    return total


def _owner() -> psycopg.Connection:
    return psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True)


def _value(connection: psycopg.Connection, query: str, *values: object):
    (value,) = connection.execute(query, values or None).fetchone() or (None,)
    return value


def _children_seconds() -> float:
    """CPU of the processes that were waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
