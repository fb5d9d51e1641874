"""Where the columns of a chart of weeks stand: numbers in, coordinates out; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rempart.protection.oversight.report import Row
from rempart.surveillance.charts import scale

WIDTH, HEIGHT = 720, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 8, 12, 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One week; of no height where its number is hidden."""

    row: Row
    x: float
    width: float
    y: float
    height: float
    middle: float
    dated: bool  # its Monday is written below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    width: int
    height: int
    left: float
    right: float
    bottom: float
    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]


def columns(rows: Sequence[Row]) -> Columns:
    """Lay out one column a week; every other Monday is written where there are many."""
    axis = scale(max((row.value or 0 for row in rows), default=0))
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    step = (right - _LEFT) / max(len(rows), 1)

    def at(value: float) -> float:
        return round(_TOP + (bottom - _TOP) * (1 - value / axis[-1]), 1)

    return Columns(
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=right,
        bottom=bottom,
        ticks=tuple(Tick(at=at(value), value=value) for value in axis),
        columns=tuple(
            Column(
                row=row,
                x=round(_LEFT + step * (rank + 0.15), 1),
                width=round(step * 0.7, 1),
                y=at(row.value or 0),
                height=round(bottom - at(row.value or 0), 1),
                middle=round(_LEFT + step * (rank + 0.5), 1),
                dated=len(rows) <= 7 or rank % 2 == 0,
            )
            for rank, row in enumerate(rows)
        ),
    )
