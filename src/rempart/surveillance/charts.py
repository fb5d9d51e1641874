"""Where the marks of a chart stand: numbers in, coordinates out; the templates draw them as SVG.

Coordinates are in user units of the chart's own view box, origin at the top left, rounded to a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

from rempart.surveillance.rules import Day

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 26, 28
_GAP = 58  # between the two panels: the upper one's axis and the lower one's title
_SHADES = 8
_LABEL_WIDTH = 74  # room that a date needs below the axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    at: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTick:
    at: float
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: the bar of its tests, the bar of its positives in front, and the column it is hovered in."""

    day: Day
    provisional: bool
    x: float
    width: float
    tests_y: float
    tests_height: float
    positives_y: float
    positives_height: float
    column_x: float
    column_width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    top: float
    bottom: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Two panels over the same days: tests and positives as bars, 7-day positivity as a line."""

    width: float
    height: float
    left: float
    right: float
    bars: tuple[Bar, ...]
    tests: Panel
    positivity: Panel
    line: str  # `d` of an SVG path; broken where a week has no test
    provisional_line: str
    dates: tuple[DateTick, ...]


def curve(
    days: Sequence[Day],
    *,
    width: int,
    provisional_from: date | None = None,
    upper: int = 190,
    lower: int = 120,
) -> Curve:
    """Lay out daily counts; days from `provisional_from` on are marked as not complete yet."""
    height = _TOP + upper + _GAP + lower + _BOTTOM
    right = width - _RIGHT
    step = (right - _LEFT) / max(len(days), 1)
    tests_axis = scale(max((day.count.tests for day in days), default=0))
    rate_axis = scale(max((day.week.positivity or 0 for day in days), default=0), smallest=5)
    tests_at = _vertical(tests_axis[-1], top=_TOP, height=upper)
    rate_at = _vertical(rate_axis[-1], top=_TOP + upper + _GAP, height=lower)
    base = _TOP + upper
    bars = []
    for rank, day in enumerate(days):
        tests_y, positives_y = tests_at(day.count.tests), tests_at(day.count.positives)
        bars.append(
            Bar(
                day=day,
                provisional=provisional_from is not None and day.on >= provisional_from,
                x=round(_LEFT + step * (rank + 0.1), 1),
                width=round(step * 0.8, 1),
                tests_y=tests_y,
                tests_height=round(base - tests_y, 1),
                positives_y=positives_y,
                positives_height=round(base - positives_y, 1),
                column_x=round(_LEFT + step * rank, 1),
                column_width=round(step, 1),
            )
        )
    points = [
        (bar, None if bar.day.week.positivity is None else rate_at(bar.day.week.positivity)) for bar in bars
    ]
    settled = [(bar, y) for bar, y in points if not bar.provisional]
    return Curve(
        width=width,
        height=height,
        left=_LEFT,
        right=right,
        bars=tuple(bars),
        tests=Panel(
            top=_TOP, bottom=base, ticks=tuple(Tick(at=tests_at(value), value=value) for value in tests_axis)
        ),
        positivity=Panel(
            top=_TOP + upper + _GAP,
            bottom=_TOP + upper + _GAP + lower,
            ticks=tuple(Tick(at=rate_at(value), value=value) for value in rate_axis),
        ),
        line=_path(settled),
        provisional_line=_path(settled[-1:] + points[len(settled) :]) if len(settled) < len(points) else "",
        dates=_dates(bars, room=(right - _LEFT)),
    )


def scale(maximum: float, *, smallest: float = 4) -> tuple[float, ...]:
    """Three to six round values from 0 to at least the maximum."""
    top = max(maximum, smallest)
    unit = 10 ** floor(log10(top / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if top / (unit * factor) <= 5)
    if step < 10 and maximum == int(maximum):
        step = ceil(step)
    return tuple(round(step * n, 6) for n in range(ceil(top / step - 1e-9) + 1))


def shade(rank: int | None, classes: int) -> int | None:
    """Which of the eight shades a class is drawn with, lightest and darkest always among them."""
    if rank is None:
        return None
    return round(rank * (_SHADES - 1) / max(classes - 1, 1))


def _vertical(most: float, *, top: float, height: float) -> Callable[[float], float]:
    return lambda value: round(top + height * (1 - value / most), 1)


def _path(points: Sequence[tuple[Bar, float | None]]) -> str:
    parts, pen_down = [], False
    for bar, y in points:
        if y is None:
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{bar.column_x + bar.column_width / 2:.1f} {y:.1f}")
        pen_down = True
    return "".join(parts)


def _dates(bars: Sequence[Bar], *, room: float) -> tuple[DateTick, ...]:
    """Dates below the axis, a week or more apart, the last day always among them."""
    if not bars:
        return ()
    weeks = max(ceil(len(bars) * _LABEL_WIDTH / room / 7), 1)
    chosen = bars[:: -7 * weeks]
    return tuple(
        DateTick(at=round(bar.column_x + bar.column_width / 2, 1), on=bar.day.on)
        for bar in reversed(chosen)
        if bar.column_x + bar.column_width / 2 - _LEFT >= _LABEL_WIDTH / 4 or len(bars) < 7
    )
