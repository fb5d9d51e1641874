"""Days that are alike: a Sunday is not compared with a Monday, nor a public holiday with a working day."""

from datetime import date

import pytest

from rempart.screening.desk.days import DayKind, kind_of, last_alike, policy_on


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 11, 20), DayKind.WORKING),
        (date(2026, 11, 21), DayKind.SATURDAY),
        (date(2026, 11, 22), DayKind.SUNDAY),
        (date(2026, 11, 11), DayKind.SUNDAY),  # Armistice, a Wednesday
        (date(2026, 12, 25), DayKind.SUNDAY),
        (date(2021, 4, 5), DayKind.SUNDAY),  # Easter Monday
        (date(2021, 5, 13), DayKind.SUNDAY),  # Ascension
        (date(2024, 5, 20), DayKind.SUNDAY),  # Whit Monday
        (date(2020, 8, 15), DayKind.SUNDAY),  # a holiday on a Saturday
        (date(2021, 4, 2), DayKind.WORKING),  # Good Friday, a holiday in Alsace and Moselle only
    ],
)
def test_the_kind_of_a_day(day, kind):
    assert kind_of(day) is kind


def test_the_last_days_alike_leave_out_the_others():
    found = last_alike(date(2026, 11, 13), count=7)
    assert found == [
        date(2026, 11, 12), date(2026, 11, 10), date(2026, 11, 9), date(2026, 11, 6), date(2026, 11, 5),
        date(2026, 11, 4), date(2026, 11, 3),
    ]  # fmt: skip


def test_sundays_are_compared_with_sundays_and_holidays():
    assert last_alike(date(2026, 11, 15), count=3) == [
        date(2026, 11, 11), date(2026, 11, 8), date(2026, 11, 1),
    ]  # fmt: skip


def test_a_day_before_the_first_policy_has_the_first():
    assert policy_on(date(2019, 1, 1)) == policy_on(date(2026, 1, 1))
    assert (policy_on(date(2026, 1, 1)).looked_at, policy_on(date(2026, 1, 1)).sent) == (7, 5)
