"""What certain pairs imply: whoever is the same as the same person is the same.

Only in one file: in two, each without repetitions, a record tied to two others is an error in one of them.
"""

from __future__ import annotations

import numpy as np

from rempart.foundation.people.matching.columns import Ints
from rempart.foundation.people.matching.weights import Floats


def implied(
    left: Ints, right: Ints, scores: Floats, *, size: int, certain: float, largest: int, agreeing: float
) -> tuple[Ints, Ints, Floats]:
    """The pairs of every group that certain pairs tie together, each as sure as the weakest link of its surest chain.

    Given are all pairs that are at least possible, of records numbered below `size`. Two groups are tied by a
    certain pair only where a share `agreeing` of the pairs between them is among those given: one wrong pair ties no
    two persons who are otherwise unlike. Pairs come from the surest, then by place.
    """
    given = set((left * size + right).tolist())
    chosen = np.flatnonzero(scores >= certain)
    chosen = chosen[np.lexsort((right[chosen], left[chosen], -scores[chosen]))]
    groups = _Groups()
    found: list[tuple[int, int, float]] = []
    for at in chosen.tolist():
        here, there = groups.of(int(left[at])), groups.of(int(right[at]))
        if here is there or len(here) + len(there) > largest:
            continue
        between = [(min(one, other), max(one, other)) for one in here for other in there]
        if sum(one * size + other in given for one, other in between) >= agreeing * len(between):
            score = float(scores[at])
            found.extend((one, other, score) for one, other in between)
            groups.join(here, there)
    return (
        np.array([one for one, _, _ in found], dtype=np.int64),
        np.array([other for _, other, _ in found], dtype=np.int64),
        np.array([score for _, _, score in found], dtype=np.float64),
    )


class _Groups:
    """Records that are tied: each in one group, alone at first."""

    def __init__(self) -> None:
        self._of: dict[int, list[int]] = {}

    def of(self, record: int) -> list[int]:
        return self._of.setdefault(record, [record])

    def join(self, one: list[int], other: list[int]) -> None:
        large, small = (one, other) if len(one) >= len(other) else (other, one)
        large.extend(small)
        for record in small:
            self._of[record] = large
