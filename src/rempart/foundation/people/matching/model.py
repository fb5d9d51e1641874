"""The three kinds of pairs as arrays: how likely each combination of levels is in each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from rempart.foundation.people.matching.columns import Ints
from rempart.foundation.people.matching.records import FEATURES, TOGETHER, Feature, Level, level_place
from rempart.foundation.people.matching.weights import Floats, Weights


@dataclass(slots=True, kw_only=True)
class Model:
    """By kind, a list of shares by level in the order of FEATURES, and how many pairs are of that kind.

    `shared`: by feature, the probability that two relatives have it in common.
    """

    same: list[Floats]
    others: list[Floats]
    shared: list[float]
    same_share: float
    related_share: float
    together: list[float] = field(default_factory=lambda: [1.0] * len(TOGETHER))

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """The model of these weights."""
        same, others = (
            [np.array(getattr(weights.features[feature], kind)) for feature in FEATURES]
            for kind in ("same", "others")
        )
        return cls(
            same=same,
            others=others,
            shared=[weights.features[feature].shared for feature in FEATURES],
            same_share=weights.same_share,
            related_share=weights.related_share,
            together=list(weights.together),
        )

    def related(self) -> list[Floats]:
        """The shares of relatives: those of one person as far as a trait is shared, else those of others."""
        return [
            np.asarray(shared * same + (1 - shared) * others)
            for shared, same, others in zip(self.shared, self.same, self.others, strict=True)
        ]

    def logs(self, levels: Ints) -> tuple[Floats, Floats, Floats]:
        """By pair, the logarithm of how likely its levels are: same, others, related, each with its share."""
        others = log_shares(levels, self.others) + np.log(1 - self.same_share - self.related_share)
        for pair, factor in zip(TOGETHER, self.together, strict=True):
            others += np.log(factor) * agree_together(levels, *pair)
        return (
            log_shares(levels, self.same) + np.log(self.same_share),
            others,
            log_shares(levels, self.related()) + np.log(self.related_share),
        )


def agree_together(levels: Ints, one: tuple[Feature, Level], other: tuple[Feature, Level]) -> Floats:
    """1.0 for the pairs that agree on both features, each up to its level."""
    agree = np.ones(len(levels), dtype=np.bool_)
    for feature, last in (one, other):
        found = levels[:, FEATURES.index(feature)]
        agree &= (found >= 0) & (found <= level_place(feature, last))
    return agree.astype(np.float64)


def log_shares(levels: Ints, shares: list[Floats]) -> Floats:
    """By pair, the logarithm of the product of the shares of its levels."""
    total = np.zeros(len(levels))
    for at, share in enumerate(shares):
        total += np.append(np.log(share), 0.0)[levels[:, at]]  # -1, the last: says nothing
    return total
