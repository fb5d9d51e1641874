"""Public files of people with a known truth: how many pairs are found, and how many of them are right, at least.

The floors lie a little below what docs/benchmarks.md reports. FEBRL (Australian names, no sex), fake_1000 and the historical
figures (splink_datasets, MIT); French families are generated from the frequencies of french-names.
"""

import pytest
from benchmarks.people import measure
from benchmarks.people_files import CORPORA, Set, sets

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"public files of people are not at {CORPORA}")

FLOORS = {
    # precision of certain, F1 of certain, F1 with the possible ones
    "FEBRL 3": (0.999, 0.990, 0.992),
    "FEBRL 3 with its number": (0.999, 0.995, 0.997),
    "FEBRL 4": (0.999, 0.988, 0.992),
    "fake_1000": (0.998, 0.920, 0.935),
    "historical 50k": (0.97, 0.764, 0.764),
    "French families": (0.997, 0.994, 0.985),
}


@pytest.mark.parametrize("name", FLOORS)
def test_pairs_of_one_person_are_found_and_others_are_not(name: str, known: dict[str, Set]) -> None:
    if name not in known:
        pytest.skip(f"the file of {name} is not at {CORPORA}")
    found = measure(known[name])
    precise, certain, possible = FLOORS[name]
    assert found.certain.precision >= precise
    assert found.certain.f1 >= certain
    assert found.possible.f1 >= possible
    assert found.certain.recall > found.exact.recall
    assert found.possible.recall >= found.certain.recall


@pytest.fixture(scope="module")
def known() -> dict[str, Set]:
    return {one.name: one for one in sets()}
