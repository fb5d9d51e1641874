from collections import Counter
from datetime import date

import numpy as np
import pytest

from rempart.foundation import territories
from rempart.simulators.population import make_population

START = date(2021, 3, 1)


@pytest.fixture(scope="module")
def people():
    return make_population(seed=1, size=40_000, start=START)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 150])
def test_small_populations_are_possible(size):
    assert make_population(seed=1, size=size, start=START).size == size


def test_departments_have_their_share(people):
    inhabitants = Counter(people.places.departments[d] for d in people.department.tolist())
    north, lozere = inhabitants["59"], inhabitants["48"]
    expected = territories.department("59").population / territories.department("48").population
    assert 0.8 < north / lozere / expected < 1.2
    assert inhabitants["974"] > 300


def test_ages_are_those_of_the_department():
    paris = make_population(seed=1, size=20_000, start=START, departments=["75"])
    figures = territories.population_by_class("75")
    for rank, figure in enumerate(figures.values()):
        share = np.count_nonzero(np.minimum(paris.age // 10, 9) == rank) / paris.size
        assert share == pytest.approx(figure / sum(figures.values()), abs=0.01)
    assert {paris.places.codes[c][:2] for c in paris.commune.tolist()} == {"75"}


def test_ages_and_births_agree(people):
    for age, birth in zip(people.age[:2000].tolist(), people.birth[:2000].tolist(), strict=True):
        born = date.fromordinal(birth)
        assert born < START
        passed = (START.toordinal() - birth) / 365.25
        assert age <= passed < age + 1.01


def test_children_live_with_an_adult_who_answers_for_them(people):
    children = np.flatnonzero(people.age < 16)
    guardians = people.guardian[children]
    assert (people.household[children] == people.household[guardians]).all()
    assert np.mean(people.age[guardians] >= 25) > 0.99
    assert (people.birth_name[children] == people.birth_name[guardians]).mean() > 0.4


def test_households_are_of_plausible_sizes(people):
    sizes = np.bincount(np.bincount(people.household))
    assert 1.9 < people.size / sizes.sum() < 2.5
    assert len(sizes) < 15
    assert sizes[1] / sizes.sum() > 0.25


def test_no_two_persons_have_the_same_number(people):
    births = [date.fromordinal(b) for b in people.birth.tolist()]
    cells = {
        (sex, born.year % 100, born.month, place, order)
        for sex, born, place, order in zip(
            people.sex.tolist(), births, people.birth_place.tolist(), people.order.tolist(), strict=True
        )
    }
    assert len(cells) == people.size
    assert people.order.min() >= 1
    assert people.order.max() <= 999


def test_one_in_ten_has_neither_telephone_nor_mailbox(people):
    assert np.mean(people.contact == 0) == pytest.approx(0.10, abs=0.01)


@pytest.mark.parametrize("code", ["20", "984", "xx"])
def test_a_department_without_figures_is_refused(code):
    with pytest.raises(LookupError):
        make_population(seed=1, size=10, start=START, departments=[code])
