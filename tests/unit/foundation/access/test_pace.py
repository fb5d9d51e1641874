"""Allowances refill with time; a try that waits costs nothing; a person is not kept out by others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.access.limits import Counters, Door, Local, Use, limits
from rempart.foundation.access.pace import NO_WAIT, Guessing, Pace, Whose, charge, give_back
from rempart.foundation.access.refusals import TooMany

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GUESSING = Guessing(
    pair=Pace(burst=3, each=MINUTE),
    subject=Pace(burst=5, each=10 * MINUTE),
    network=Pace(burst=8, each=MINUTE),
    first=Pace(burst=1, each=60 * MINUTE),
    known=timedelta(days=30),
)


def test_a_burst_then_one_at_a_time():
    pace, full_at = Pace(burst=3, each=MINUTE), None
    for _ in range(3):
        assert pace.wait(full_at, now=START) == NO_WAIT
        full_at = pace.take(full_at, now=START)
    assert pace.wait(full_at, now=START) == MINUTE
    assert pace.wait(full_at, now=START + MINUTE) == NO_WAIT
    full_at = pace.take(full_at, now=START + MINUTE)
    assert pace.wait(full_at, now=START + MINUTE) == MINUTE
    assert pace.wait(full_at, now=START + 10 * MINUTE) == NO_WAIT


@given(st.lists(st.integers(0, 600), min_size=1, max_size=200), st.integers(1, 10), st.integers(1, 120))
def test_no_order_of_tries_takes_more_than_the_pace(seconds, burst, each):
    pace, full_at, taken = Pace(burst=burst, each=timedelta(seconds=each)), None, []
    for at in sorted(seconds):
        now = START + timedelta(seconds=at)
        if not pace.wait(full_at, now=now):
            full_at = pace.take(full_at, now=now)
            taken.append(at)
    for i, first in enumerate(taken):
        for j in range(i, len(taken)):
            assert j - i + 1 <= burst + (taken[j] - first) // each


def test_a_clock_that_was_set_back_keeps_nobody_out():
    pace = Pace(burst=2, each=MINUTE)
    full_at = pace.take(pace.take(None, now=START), now=START)
    assert pace.wait(full_at, now=START) == MINUTE
    assert pace.wait(full_at, now=START - timedelta(days=1)) == NO_WAIT
    assert pace.wait(full_at, now=START - timedelta(seconds=1)) > MINUTE  # clocks of two machines differ


class Desk:
    """A door with its allowances in memory, as limits.py keeps them in the database."""

    def __init__(self, guessing=GUESSING):
        self.guessing, self.kept = guessing, {}

    def _of(self, subject, network):
        return {
            Whose.PAIR: (subject, network), Whose.SUBJECT: subject,
            Whose.NETWORK: (network,), Whose.FIRST: (subject, network, 1), Whose.KNOWN: (subject, network, 2),
        }  # fmt: skip

    def knock(self, subject, network, now=START):
        keys = self._of(subject, network)
        allowances = {whose: self.kept[key] for whose, key in keys.items() if key in self.kept}
        charged = charge(allowances, guessing=self.guessing, now=now)
        self.kept |= {keys[whose]: at for whose, at in charged.changed.items()}
        return charged.wait

    def open(self, subject, network, now=START):
        keys = self._of(subject, network)
        allowances = {whose: self.kept[key] for whose, key in keys.items() if key in self.kept}
        self.kept |= {keys[w]: at for w, at in give_back(allowances, guessing=self.guessing, now=now).items()}


def test_a_network_that_failed_waits_and_another_does_not():
    desk = Desk()
    assert [desk.knock("anne", "one") for _ in range(4)] == [NO_WAIT] * 3 + [MINUTE]
    assert desk.knock("anne", "two") == NO_WAIT


def test_who_waits_pays_nothing_for_asking_again():
    desk = Desk()
    for _ in range(100):
        desk.knock("anne", "one")
    assert desk.knock("anne", "one", START + MINUTE) == NO_WAIT


def test_when_others_used_everything_up_a_new_network_still_has_one_try():
    desk = Desk()
    for number in range(5):
        desk.knock("anne", f"attacker {number}")
    assert desk.knock("anne", "home") == NO_WAIT
    assert desk.knock("anne", "home") == 10 * MINUTE  # the sooner of: the others', its own first
    assert desk.knock("bruno", "home") == NO_WAIT


def test_a_network_that_tries_everybody_leaves_everybody_a_try():
    desk = Desk()
    for number in range(8):
        desk.knock(f"person {number}", "hospital")
    assert desk.knock("anne", "hospital") == NO_WAIT
    assert desk.knock("anne", "hospital") > NO_WAIT


def test_where_no_first_try_is_given_everybody_waits():
    desk = Desk(replace(GUESSING, first=None))
    for number in range(5):
        desk.knock("anne", f"attacker {number}")
    assert desk.knock("anne", "home") == 10 * MINUTE


def test_where_the_answer_was_right_nobody_elses_failures_count():
    desk = Desk(replace(GUESSING, first=None))
    desk.knock("anne", "home")
    desk.open("anne", "home")
    for number in range(5):
        desk.knock("anne", f"attacker {number}")
    assert [desk.knock("anne", "home") for _ in range(4)] == [NO_WAIT] * 3 + [MINUTE]
    assert desk.knock("anne", "elsewhere") > NO_WAIT
    later = START + timedelta(days=31)
    for number in range(5):
        desk.knock("anne", f"attacker {number}", later)
    assert desk.knock("anne", "home", later) > NO_WAIT


def test_a_right_answer_gives_back_ones_own_and_keeps_what_others_failed():
    desk = Desk()
    desk.knock("anne", "attacker")
    for _ in range(3):
        desk.knock("anne", "home")
    desk.open("anne", "home")
    assert desk.knock("anne", "home") == NO_WAIT
    assert desk.kept["anne"] == START + 4 * 10 * MINUTE  # attacker, three of home, one back, one again


def test_the_limits_in_force_are_read_and_cover_every_door():
    found = limits()
    assert set(found.guess) == set(Door)
    assert set(found.pace) == set(Use)
    assert set(found.process) == set(Local)
    assert found.guess[Door.PORTAL].first is not None
    assert found.guess[Door.SECOND_FACTOR].first is None
    with pytest.raises(LookupError):
        found.guess[Door.SECOND_FACTOR].of(Whose.FIRST)


def test_a_process_counts_by_itself_and_says_how_long_to_wait():
    counters = Counters({Local.ADDRESS: Pace(burst=2, each=timedelta(seconds=1.5))})
    for _ in range(2):
        counters.take(Local.ADDRESS, of="198.51.100.1", now=START)
    with pytest.raises(TooMany) as refused:
        counters.take(Local.ADDRESS, of="198.51.100.1", now=START)
    assert refused.value.seconds == 2
    counters.take(Local.ADDRESS, of="198.51.100.2", now=START)
    counters.take(Local.ADDRESS, of="198.51.100.1", now=START + timedelta(seconds=2))
