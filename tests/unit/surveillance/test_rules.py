from datetime import UTC, date, datetime, timedelta

import pytest

from rempart.foundation import facts
from rempart.foundation.facts import Kind, Result, ResultFact
from rempart.surveillance import rules
from rempart.surveillance.rules import NATION, Count, Measure

MONDAY = date(2020, 11, 2)


def fact(number: int, **changes) -> ResultFact:
    defaults = {
        "fact_id": f"{number:032x}",
        "version": 1,
        "pathogen": "covid19",
        "sampled_on": MONDAY,
        "received_at": datetime(2020, 11, 3, 9, tzinfo=UTC),
        "department": "59",
        "kind": Kind.NAAT,
        "result": Result.NEGATIVE,
    }
    return ResultFact(**(defaults | changes))


def counted(root, *given: ResultFact, until: date = date(2020, 12, 31)) -> list[tuple[date, str, int, int]]:
    facts.write_batch(root, given, start="0001")
    answer = facts.query(root, lambda table: rules.daily(table, pathogen="covid19", until=until))
    return sorted(tuple(row.values()) for row in answer.to_pylist())


def test_only_interpretable_virological_tests_count(tmp_path):
    rows = counted(
        tmp_path,
        fact(1),
        fact(2, result=Result.POSITIVE),
        fact(3, kind=Kind.ANTIGEN, result=Result.POSITIVE),
        fact(4, result=Result.UNINTERPRETABLE),
        fact(5, result=Result.NON_CONFORM),
        fact(6, kind=Kind.SEROLOGY, result=Result.POSITIVE),
        fact(7, pathogen="another", result=Result.POSITIVE),
    )
    assert rows == [(MONDAY, "59", 3, 2)]


def test_a_test_counts_on_its_day_of_sampling_in_its_department(tmp_path):
    rows = counted(
        tmp_path,
        fact(1),
        fact(2, department="2A", result=Result.POSITIVE),
        fact(3, department=""),
        fact(4, sampled_on=date(2020, 11, 1)),
    )
    assert rows == [
        (date(2020, 11, 1), "59", 1, 0),
        (MONDAY, "", 1, 0),
        (MONDAY, "2A", 1, 1),
        (MONDAY, "59", 1, 0),
    ]


def test_a_day_to_come_does_not_move_the_curve(tmp_path):
    assert counted(tmp_path, fact(1), fact(2, sampled_on=date(2020, 11, 3)), until=MONDAY) == [
        (MONDAY, "59", 1, 0)
    ]


def test_a_correction_moves_a_test_from_negative_to_positive(tmp_path):
    assert counted(tmp_path, fact(1), fact(1, version=2, result=Result.POSITIVE)) == [(MONDAY, "59", 1, 1)]


def test_no_fact_no_figure(tmp_path):
    assert counted(tmp_path) == []
    assert rules.by_territory([]) == {NATION: {}}


def test_the_nation_counts_tests_of_unknown_department_once():
    territories = rules.by_territory(
        [
            (MONDAY, "59", Count(tests=3, positives=1)),
            (MONDAY, "75", Count(tests=2)),
            (MONDAY, "", Count(tests=1, positives=1)),
        ]
    )
    assert territories[NATION] == {MONDAY: Count(tests=6, positives=2)}
    assert set(territories) == {NATION, "59", "75"}


def test_the_week_of_a_day_is_its_own_and_the_six_before():
    counts = {MONDAY + timedelta(days=n): Count(tests=10 + n, positives=1) for n in range(10)}
    days = rules.days(counts, first=MONDAY, last=MONDAY + timedelta(days=9))
    assert [day.on.day for day in days] == list(range(2, 12))
    assert days[0].week == Count(tests=10, positives=1)
    assert days[6].week == Count(tests=10 + 11 + 12 + 13 + 14 + 15 + 16, positives=7)
    assert days[9].week == Count(tests=13 + 14 + 15 + 16 + 17 + 18 + 19, positives=7)
    assert rules.week(counts, ending=days[9].on) == days[9].week


def test_the_first_week_reaches_back_before_the_first_day_shown():
    counts = {MONDAY: Count(tests=4), MONDAY + timedelta(days=6): Count(tests=1)}
    (day,) = rules.days(counts, first=MONDAY + timedelta(days=6), last=MONDAY + timedelta(days=6))
    assert (day.count.tests, day.week.tests) == (1, 5)


def test_a_day_without_a_test_is_a_zero_not_a_gap():
    counts = {MONDAY: Count(tests=4), MONDAY + timedelta(days=2): Count(tests=1)}
    days = rules.days(counts, first=MONDAY, last=MONDAY + timedelta(days=2))
    assert [day.count.tests for day in days] == [4, 0, 1]


def test_rates():
    week = Count(tests=4000, positives=134)
    assert week.positivity == pytest.approx(3.35)
    assert week.incidence(67_000) == pytest.approx(200)
    assert Count().positivity is None
    assert Count().incidence(0) is None
    assert Count().incidence(1000) == 0


@pytest.mark.parametrize(
    ("value", "rank"),
    [(None, None), (0, 0), (9.99, 0), (10, 1), (49.9, 2), (50, 3), (999.9, 6), (1000, 7), (9000, 7)],
)
def test_classes_are_closed_at_the_left(value, rank):
    assert rules.class_of(value, rules.CLASSES[Measure.INCIDENCE]) == rank


def test_official_classes_hold_while_the_third_of_them_is_reached():
    assert rules.bounds_for(Measure.INCIDENCE, 20) == rules.CLASSES[Measure.INCIDENCE]
    assert rules.bounds_for(Measure.INCIDENCE, 0) == rules.CLASSES[Measure.INCIDENCE]
    assert rules.bounds_for(Measure.POSITIVITY, 0.1) == rules.CLASSES[Measure.POSITIVITY]
    assert rules.bounds_for(Measure.INCIDENCE, 1.2) == pytest.approx((0, 0.1, 0.2, 0.5, 1.5, 2.5, 5, 10))


def test_change_is_of_what_was():
    assert rules.change(150, 100) == 50
    assert rules.change(0, 100) == -100
    assert rules.change(5, 0) is None
    assert rules.change(None, 5) is None
