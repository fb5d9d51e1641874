"""What a run costs: CPU seconds by kind of process, and the most memory that all of them held at once.

PostgreSQL is told apart by what its processes call themselves; shared memory is counted once (PSS).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

_EVERY = 0.5  # seconds between two looks
_BACKENDS = "postgres: backends"


@dataclass(slots=True)
class Spent:
    """CPU seconds by kind, peak memory in bytes, once the measured block is over."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak: int = 0


@contextmanager
def measured(*, server: int, worker: str) -> Iterator[tuple[Spent, list[int]]]:
    """Measure a PostgreSQL server (pid of its first process) and the processes whose pids are appended
    to the list, with their children; those are called `worker`."""
    spent, followed = Spent(), [server]
    mine: dict[int, tuple[str, float]] = {}
    before = _postgres(server)
    over = threading.Event()

    def look() -> None:
        while True:
            total = 0
            for process in _everyone(followed):
                with suppress(psutil.Error):
                    total += process.memory_full_info().pss
                    if process.pid not in before and not _is_postgres(process):
                        mine[process.pid] = (worker, _own(process))
            spent.peak = max(spent.peak, total)
            if over.wait(_EVERY):
                return

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield spent, followed
    finally:
        over.set()
        watcher.join()
        after = _postgres(server)
        spent.seconds = dict(after - before)


def _everyone(first: list[int]) -> Iterator[psutil.Process]:
    for pid in list(first):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            yield process
            yield from process.children(recursive=True)


def _is_postgres(process: psutil.Process) -> bool:
    return process.name().startswith("postgres")


def _postgres(server: int) -> Counter[str]:
    """CPU seconds of a server so far; backends that ended count with the others."""
    first = psutil.Process(server)
    times = first.cpu_times()
    found = Counter({_BACKENDS: times.children_user + times.children_system, "postgres: first": _own(first)})
    for child in first.children():
        with suppress(psutil.Error):
            found[_kind(child)] += _own(child)
    return found


def _kind(process: psutil.Process) -> str:
    """checkpointer, walwriter… or a backend: "postgres: rempart: checkpointer "."""
    said = " ".join(process.cmdline()).split(":")[-1].strip()
    known = ("checkpointer", "background writer", "walwriter", "autovacuum launcher", "io worker")
    return next((f"postgres: {name}" for name in known if said.startswith(name)), _BACKENDS)


def _own(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
