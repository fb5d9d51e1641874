"""What every benchmark yields: a speed beside a limit measured in the same run on the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table of `rempart bench`."""

    name: str
    per_second: float
    limit_name: str = ""  # what it stands beside; empty for the limit itself
    ratio: float | None = None  # per_second over that of the limit


def rate(work: Callable[[], object], *, seconds: float = 1.0, best_of: int = 3) -> float:
    """Calls per second: the best of some runs, since other programs only ever slow one down."""
    work()
    best = 0.0
    for _ in range(best_of):
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds / best_of:
            work()
            count += 1
        best = max(best, count / elapsed)
    return best


def table(rows: list[Row]) -> str:
    """The rows as text, aligned."""
    cells = [("what", "per second", "of", "ratio")]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        cells.append((row.name, f"{row.per_second:,.0f}", row.limit_name, ratio))
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long somebody waits for an answer, in milliseconds."""

    name: str
    median_ms: float
    p95_ms: float


def latencies(measured: list[Latency]) -> str:
    """Waiting times as text, aligned."""
    width = max(len(one.name) for one in measured)
    return "\n".join(
        f"{one.name.ljust(width)}  median {one.median_ms:6.1f} ms  p95 {one.p95_ms:6.1f} ms"
        for one in measured
    )
