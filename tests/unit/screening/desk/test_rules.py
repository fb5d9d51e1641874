"""What is to correct, and how long results were under way."""

from datetime import UTC, datetime, timedelta

import pytest

from rempart.screening.desk.rules import MOST_HOURS, delay, hours_between, to_correct
from rempart.screening.rules.report import Outcome

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def counts(**by_hour: int) -> list[int]:
    found = [0] * (MOST_HOURS + 1)
    for hour, count in by_hour.items():
        found[int(hour.removeprefix("h"))] = count
    return found


def test_a_rejected_message_is_to_correct_for_its_errors_only():
    findings = [
        ("P08", "warning", "PID-13"),
        ("R01", "error", "OBX"),
        ("A03", "warning", ""),
        ("R01", "error", ""),
    ]
    assert to_correct(Outcome.REJECTED, findings) == ["R01"]


def test_a_held_message_for_what_holds_it():
    findings = [("P08", "warning", "PID-13"), ("A04", "warning", "OBX"), ("R04", "warning", "OBX")]
    assert to_correct(Outcome.HELD, findings) == ["A04"]
    assert to_correct(Outcome.HELD, findings[2:]) == ["R04"]
    assert to_correct(Outcome.HELD, [("R07", "warning", ""), ("H04", "warning", "")]) == ["R07", "H04"]


@pytest.mark.parametrize(
    ("delay_of", "place"),
    [
        (timedelta(minutes=59), 0),
        (timedelta(hours=1), 1),
        (timedelta(hours=23, minutes=59), 23),
        (timedelta(days=30), MOST_HOURS),
        (timedelta(hours=-3), 0),
    ],
)
def test_delays_are_counted_by_whole_hours(delay_of, place):
    assert hours_between(NOON, NOON + delay_of) == place


def test_the_median_stands_within_its_hour():
    assert delay(counts(h4=2, h9=1)).median == pytest.approx(4.75)
    assert delay(counts(h10=100)).median == pytest.approx(10.5)
    assert delay(counts(h3=1, h47=1)).median == pytest.approx(4.0)


def test_a_median_beyond_what_is_counted_is_none():
    found = delay(counts(h1=1, h48=2))
    assert (found.median, found.results) == (None, 3)


def test_the_share_under_a_day():
    assert delay(counts(h23=3, h24=1)).under_a_day == 0.75
    assert delay([0] * (MOST_HOURS + 1)) is None
    assert delay([]) is None
