"""What a run costs: CPU seconds by kind of process, and the most memory that all of them held at once.

PostgreSQL's processes are told apart by what they call themselves; memory that processes share counts once (PSS).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY = 2.0  # seconds between two looks at memory, each of which takes some milliseconds
_BACKENDS = "PostgreSQL: backends"
_KINDS = ("checkpointer", "background writer", "walwriter", "autovacuum launcher", "io worker")


@dataclass(slots=True)
class Spent:
    """CPU seconds of PostgreSQL by kind, and peak memory in bytes, once the measured block is over."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak: int = 0


@contextmanager
def measured(*, server: int, beside: list[int]) -> Iterator[Spent]:
    """Measure a PostgreSQL server, by the pid of its first process; its memory together with that of `beside`, pids
    to which more may be appended, and of all their children."""
    spent, before, over = Spent(), _seconds(server), threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            spent.peak = max(spent.peak, sum(map(_shared_once, _everyone([server, *beside]))))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield spent
    finally:
        over.set()
        watcher.join()
        spent.seconds = dict(_seconds(server) - before)


def _everyone(first: list[int]) -> Iterator[int]:
    for pid in first:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            yield pid
            yield from [child.pid for child in process.children(recursive=True)]


def _shared_once(pid: int) -> int:
    """Bytes of a process, of what it shares with others its part only."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _seconds(server: int) -> Counter[str]:
    """CPU seconds of a server so far; processes that ended count as backends."""
    first = psutil.Process(server)
    times = first.cpu_times()
    found = Counter({_BACKENDS: times.user + times.system + times.children_user + times.children_system})
    for child in first.children():
        with suppress(psutil.Error):
            times = child.cpu_times()
            found[_kind(child)] += times.user + times.system
    return found


def _kind(process: psutil.Process) -> str:
    """What a process of PostgreSQL calls itself after its cluster: "postgres: rempart: checkpointer "."""
    said = " ".join(process.cmdline()).split(":")[-1].strip()
    return next((f"PostgreSQL: {name}" for name in _KINDS if said.startswith(name)), _BACKENDS)
