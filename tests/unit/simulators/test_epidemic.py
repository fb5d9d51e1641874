from datetime import date

import numpy as np
import pytest

from rempart.simulators import epidemic
from rempart.simulators.disease import disease
from rempart.simulators.population import make_population

START = date(2021, 3, 1)
DAYS = 42
COVID = disease("covid19")


@pytest.fixture(scope="module")
def people():
    return make_population(seed=5, size=60_000, start=START)


@pytest.fixture(scope="module")
def course(people):
    return epidemic.run(people, COVID, seed=5, start=START, days=DAYS)


def weekly(course):
    """(share of the population tested per day, share of them who can be found positive), by week."""
    for week in range(0, DAYS, 7):
        tested = [course.tested[day] for day in range(week, week + 7)]
        found = sum(
            int(epidemic.within(COVID.detectable, course.infected_on[persons], week + i).sum())
            for i, persons in enumerate(tested)
        )
        count = sum(len(persons) for persons in tested)
        yield count / 7, found / count


def test_one_to_two_in_a_hundred_are_tested_each_day(people, course):
    for tested, _ in weekly(course):
        assert 0.008 < tested / people.size < 0.022


def test_the_wave_rises_and_falls(course):
    positivity = [found for _, found in weekly(course)]
    top = positivity.index(max(positivity))
    assert 0 < top < len(positivity) - 1
    assert positivity[:top] == sorted(positivity[:top])
    assert positivity[top:] == sorted(positivity[top:], reverse=True)
    assert 0.02 < min(positivity) < 0.09
    assert 0.14 < max(positivity) < 0.27


def test_the_wave_travels_over_the_map(people, course):
    infected = np.flatnonzero(course.infected_on > 0)
    by_department = [
        np.median(course.infected_on[infected][people.department[infected] == department])
        for department in range(len(people.places.departments))
        if np.count_nonzero(people.department[infected] == department) > 40
    ]
    assert max(by_department) - min(by_department) > DAYS * 0.1


def test_households_infect_each_other(people, course):
    assert sum(course.at_home) > 0.1 * np.count_nonzero(course.infected_on >= 0)
    sick = np.flatnonzero(course.infected_on >= 0)
    homes = np.bincount(people.household[sick])
    assert np.count_nonzero(homes > 1) > 100


def test_some_are_tested_again(course):
    times = np.bincount(np.concatenate(course.tested))
    assert np.count_nonzero(times > 1) > 500


@pytest.mark.parametrize("days", [1, 2, 9])
def test_a_few_days_are_possible(days):
    people = make_population(seed=1, size=300, start=START, departments=["69"])
    assert len(epidemic.run(people, COVID, seed=1, start=START, days=days).tested) == days
