from datetime import date, timedelta
from itertools import pairwise

import pytest

from rempart.surveillance import charts
from rempart.surveillance.rules import Count, Day

FIRST = date(2020, 11, 2)


def day(rank: int, tests: int = 0, positives: int = 0, week: Count | None = None) -> Day:
    count = Count(tests=tests, positives=positives)
    return Day(on=FIRST + timedelta(days=rank), count=count, week=count if week is None else week)


@pytest.mark.parametrize(
    ("maximum", "ticks"),
    [
        (0, (0, 1, 2, 3, 4)),
        (3, (0, 1, 2, 3, 4)),
        (10, (0, 2, 4, 6, 8, 10)),
        (12, (0, 3, 6, 9, 12)),
        (97, (0, 20, 40, 60, 80, 100)),
        (1234, (0, 250, 500, 750, 1000, 1250)),
        (2_221_976, (0, 500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000)),
    ],
)
def test_an_axis_has_round_values_up_to_the_maximum(maximum, ticks):
    assert charts.scale(maximum) == ticks


@pytest.mark.parametrize("maximum", [0.1, 1, 7, 8.3, 99, 101, 4999, 123456.7])
def test_an_axis_holds_its_maximum_with_few_ticks(maximum):
    ticks = charts.scale(maximum)
    assert ticks[-1] >= maximum
    assert 4 <= len(ticks) <= 6


def test_bars_stand_on_the_base_and_positives_within_tests():
    curve = charts.curve([day(0, 100, 25), day(1, 50, 50)], width=400)
    full, half = curve.bars
    assert full.tests_y == curve.tests.top
    assert full.tests_y + full.tests_height == curve.tests.bottom
    assert half.tests_height == pytest.approx(full.tests_height / 2)
    assert full.positives_height == pytest.approx(full.tests_height / 4)
    assert (half.positives_y, half.positives_height) == (half.tests_y, half.tests_height)
    assert all(
        curve.left <= bar.column_x and bar.column_x + bar.column_width <= curve.right for bar in curve.bars
    )


def test_the_line_breaks_where_a_week_has_no_test():
    curve = charts.curve([day(0, 10, 1), day(1, 10, 1), day(2), day(3, 10, 1)], width=400)
    assert curve.line.count("M") == 2
    assert curve.line.count("L") == 1


def test_provisional_days_continue_the_line_from_the_last_settled_one():
    days = [day(n, 10, 1) for n in range(5)]
    curve = charts.curve(days, width=400, provisional_from=FIRST + timedelta(days=3))
    assert [bar.provisional for bar in curve.bars] == [False, False, False, True, True]
    last_settled = curve.line.rsplit("L", 1)[1]
    assert curve.provisional_line.startswith(f"M{last_settled}L")


def test_all_days_provisional_or_none():
    days = [day(0, 10, 1)]
    assert charts.curve(days, width=400).provisional_line == ""
    assert charts.curve(days, width=400, provisional_from=FIRST).line == ""


@pytest.mark.parametrize("days", [[], [day(0)], [day(n) for n in range(400)]])
def test_nothing_to_draw_is_drawn_without_error(days):
    curve = charts.curve(days, width=400)
    assert len(curve.bars) == len(days)
    assert curve.line == ""


@pytest.mark.parametrize("length", [1, 3, 7, 30, 90, 365])
@pytest.mark.parametrize("width", [420, 960])
def test_dates_do_not_run_into_each_other_and_end_with_the_last_day(length, width):
    dates = charts.curve([day(n, 1) for n in range(length)], width=width).dates
    assert dates[-1].on == FIRST + timedelta(days=length - 1)
    assert all(b.at - a.at >= 60 for a, b in pairwise(dates))


def test_shades_span_the_palette():
    assert [charts.shade(rank, 8) for rank in range(8)] == list(range(8))
    assert (charts.shade(0, 6), charts.shade(5, 6), charts.shade(None, 6)) == (0, 7, None)
