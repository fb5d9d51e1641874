"""What certain pairs imply: whoever is the same as the same person is the same.

Only in one file: in two, each without repetitions, a record tied to two others is an error in one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from rempart.foundation.people.matching.columns import Ints
from rempart.foundation.people.matching.weights import Floats


def implied(
    left: Ints, right: Ints, scores: Floats, *, certain: float, largest: int
) -> tuple[Ints, Ints, Floats]:
    """The pairs of every group that certain pairs tie together, each as sure as the weakest link of its surest
    chain. Those given are among them."""
    chosen = np.flatnonzero(scores >= certain)
    chosen = chosen[np.lexsort((right[chosen], left[chosen], -scores[chosen]))]
    found = list(
        _joined(
            zip(left[chosen].tolist(), right[chosen].tolist(), scores[chosen].tolist(), strict=True), largest
        )
    )
    one, other, score = zip(*found, strict=True) if found else ((), (), ())
    return (
        np.array(one, dtype=np.int64),
        np.array(other, dtype=np.int64),
        np.array(score, dtype=np.float64),
    )


def _joined(pairs: Iterable[tuple[int, int, float]], largest: int) -> Iterator[tuple[int, int, float]]:
    """Pairs come from the surest: whatever two groups join at a score is tied at that score."""
    group_of: dict[int, int] = {}
    members: defaultdict[int, list[int]] = defaultdict(list)
    for one, other, score in pairs:
        for record in (one, other):
            if record not in group_of:
                group_of[record] = record
                members[record] = [record]
        here, there = group_of[one], group_of[other]
        if here == there or len(members[here]) + len(members[there]) > largest:
            continue
        if len(members[here]) < len(members[there]):
            here, there = there, here
        for mine in members[here]:
            for theirs in members[there]:
                yield min(mine, theirs), max(mine, theirs), score
        for record in members.pop(there):
            group_of[record] = here
            members[here].append(record)
