"""Where the bars of a month stand: numbers in, coordinates out; the template draws them as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rempart.screening.desk.services.reading import Day

WIDTH, HEIGHT = 600, 90
_SHARE = 0.75  # of its place that a bar takes
_LEAST = 1.5  # a day with one message shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: what was taken, and on top of it what was refused."""

    day: Day
    x: float
    width: float
    y: float
    height: float
    refused_y: float
    refused_height: float


def bars(days: Sequence[Day]) -> list[Bar]:
    """One bar for each day, the tallest as high as the drawing."""
    most = max((day.received for day in days), default=0) or 1
    step = WIDTH / max(len(days), 1)
    return [_bar(day, rank * step, step * _SHARE, most) for rank, day in enumerate(days)]


def _bar(day: Day, x: float, width: float, most: int) -> Bar:
    taken, refused = _height(day.accepted, most), _height(day.refused, most)
    top = HEIGHT - taken
    return Bar(
        day=day, x=round(x, 1), width=round(width, 1), y=round(top, 1), height=taken,
        refused_y=round(max(top - refused, 0), 1), refused_height=refused,
    )  # fmt: skip


def _height(count: int, most: int) -> float:
    return round(max(HEIGHT * count / most, _LEAST), 1) if count else 0
