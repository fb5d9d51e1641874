"""What certain pairs imply: groups of records, tied by pairs that are sure and not contradicted."""

import numpy as np

from rempart.foundation.people.matching.tying import implied


def tied(
    *pairs: tuple[int, int, float], agreeing: float = 0.5, largest: int = 100
) -> dict[tuple[int, int], float]:
    left, right, scores = (np.array(side) for side in zip(*pairs, strict=True))
    found = implied(left, right, scores, size=100, certain=0.97, largest=largest, agreeing=agreeing)
    return {(one, other): score for one, other, score in zip(*(side.tolist() for side in found), strict=True)}


def test_whoever_is_the_same_as_the_same_person_is_the_same_as_sure_as_the_weakest_link() -> None:
    assert tied((0, 1, 0.99), (1, 2, 0.98)) == {(0, 1): 0.99, (0, 2): 0.98, (1, 2): 0.98}


def test_a_pair_that_is_only_possible_ties_nothing() -> None:
    assert tied((0, 1, 0.99), (1, 2, 0.9)) == {(0, 1): 0.99}


def test_one_sure_pair_does_not_tie_two_groups_that_are_otherwise_unlike() -> None:
    groups = ((0, 1, 0.999), (0, 2, 0.999), (1, 2, 0.999), (3, 4, 0.999), (3, 5, 0.999), (4, 5, 0.999))
    assert (2, 3) not in tied(*groups, (2, 3, 0.98))
    possible = tuple((one, other, 0.3) for one in (0, 1) for other in (3, 4))
    assert tied(*groups, (2, 3, 0.98), *possible)[0, 5] == 0.98


def test_a_group_that_would_grow_too_large_is_left_apart() -> None:
    chain = [(at, at + 1, 0.99) for at in range(5)]
    assert max(other for _, other in tied(*chain, agreeing=0, largest=3)) == 5
    assert (0, 3) not in tied(*chain, agreeing=0, largest=3)
