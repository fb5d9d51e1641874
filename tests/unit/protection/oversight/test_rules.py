"""Quarters, shares, and counts that nobody works back."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.protection.oversight.rules import LEAST, Quarter, share, shown, weeks


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026T1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2028Q1", date(2028, 1, 1), date(2028, 3, 31)),
        ("2026Q2", date(2026, 4, 1), date(2026, 6, 30)),
    ],
)
def test_a_quarter_has_its_days(text, first, last):
    quarter = Quarter.parse(text)
    assert (quarter.first, quarter.last) == (first, last)
    assert Quarter.of(first) == Quarter.of(last) == quarter
    assert quarter.next.previous == quarter


@pytest.mark.parametrize("text", ["2026Q5", "2026", "26Q1", "2026q1", " 2026Q1", "2026Q1\n", "٢٠٢٦Q1", ""])
def test_what_is_no_quarter_is_refused(text):
    with pytest.raises(ValueError, match="2026Q4"):
        Quarter.parse(text)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), max_size=6))
def test_a_small_count_is_never_shown_and_a_large_one_is_as_it_is(cells):
    seen = shown(cells)
    assert seen.cells.keys() == cells.keys()
    for key, value in seen.cells.items():
        assert value is None or value == cells[key]
        assert value is None or not 0 < value < LEAST
    assert seen.total in (None, sum(cells.values()))
    if not any(0 < value < LEAST for value in cells.values()):
        assert seen.cells == cells


@given(st.lists(st.integers(0, 8), min_size=1, max_size=4))
def test_nobody_finds_a_small_count_by_subtracting(values):
    """Every way to fill what is hidden that fits what is shown: a small count has more than one value among them."""
    cells = dict(enumerate(values))
    seen = shown(cells)
    hidden = [key for key, value in seen.cells.items() if value is None]
    if not hidden:
        return
    most = range(1, 40)
    left = None if seen.total is None else seen.total - sum(value or 0 for value in seen.cells.values())
    fits = (
        [found for found in product(most, repeat=len(hidden)) if left is None or sum(found) == left]
        if len(hidden) < 4
        else []
    )
    if fits:
        for place, key in enumerate(hidden):
            if 0 < cells[key] < LEAST:
                assert len({found[place] for found in fits}) > 1


def test_one_small_count_hides_the_next_larger_one():
    assert shown({"a": 3, "b": 7, "c": 9}).cells == {"a": None, "b": None, "c": 9}


def test_small_counts_that_are_all_one_hide_another():
    assert shown({"a": 1, "b": 1, "c": 9, "d": 0}).cells == {"a": None, "b": None, "c": None, "d": 0}


def test_small_counts_that_could_be_several_things_hide_each_other():
    seen = shown({"a": 1, "b": 3, "c": 9})
    assert (seen.cells, seen.total) == ({"a": None, "b": None, "c": 9}, 13)


@pytest.mark.parametrize("cells", [{"a": 3}, {"a": 3, "b": 0}, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}])
def test_where_nothing_else_hides_them_the_total_is_hidden(cells):
    assert shown(cells).total is None


@pytest.mark.parametrize(
    ("part", "whole", "told"), [(10, 20, 50), (1, 3, None), (0, 0, None), (19, 19, None)]
)
def test_a_share_is_of_enough(part, whole, told):
    assert share(part, whole) == told


def test_weeks_begin_on_mondays():
    assert weeks(date(2026, 10, 1), date(2026, 10, 12)) == (
        date(2026, 9, 28),
        date(2026, 10, 5),
        date(2026, 10, 12),
    )
