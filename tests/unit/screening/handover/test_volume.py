"""What a mailbox has to hold."""

from datetime import date, timedelta

from rempart.screening.handover.rules.volume import volume

START = date(2021, 7, 1)


def test_the_volume_of_four_weeks():
    found = volume({START + timedelta(days=n): (10, 2) for n in range(28)} | {START: (38, 2)})
    assert (found.a_day, found.busiest, found.a_week) == (11.0, 38, 77.0)
    assert found.held == 27 + 366  # negatives of three days, positives of six months
    assert round(found.megabytes_held, 1) == round(27 * 0.11 + 366 * 0.22, 1)
    assert round(found.megabytes_a_week, 2) == round(63 * 0.11 + 14 * 0.22, 2)


def test_nothing_came():
    found = volume({})
    assert (found.a_day, found.busiest, found.held, found.megabytes_held) == (0, 0, 0, 0)
