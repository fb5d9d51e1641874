"""The simulation of guesses, made small: what it counts is what the limits promise."""

from benchmarks import guessing

from rempart.foundation.access.limits import Door, limits


def test_many_networks_open_nothing_and_keep_few_people_waiting():
    outcomes = {one.attack.name: one for one in guessing.run(guesses=20_000, networks=500, people=300)}
    assert len(outcomes) >= 6
    for one in outcomes.values():
        assert one.opened == 0
        assert one.attack.attempts.chance < 1e-3
        assert max(one.waits[guessing.Who.KNOWN]) == 0
        assert max(one.waits[guessing.Who.BESIDE]) == 0
    last = outcomes["agents: one account, its password known"]
    subject = limits().guess[Door.SECOND_FACTOR].subject
    assert last.looked_at <= subject.burst + guessing.DAY / subject.each


def test_a_guess_that_would_open_is_counted_as_one():
    sure = guessing.AtTheAgents(1.0)
    attack = guessing.Attack(name="", door=Door.SIGN_IN, subjects=1, lasts=guessing.DAY, attempts=sure)
    outcome = guessing.run_one(attack, guesses=50, networks=5, people=30)
    assert outcome.opened == outcome.looked_at > 20
