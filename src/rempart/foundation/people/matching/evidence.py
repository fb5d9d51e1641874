"""One pair looked at closely: its score, and what each feature says for or against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rempart.foundation.people.matching.columns import columns_of
from rempart.foundation.people.matching.comparing import compare
from rempart.foundation.people.matching.records import FEATURES, LEVELS, Feature, Level, Record
from rempart.foundation.people.matching.scoring import scores
from rempart.foundation.people.matching.weights import Grade, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one feature says. `bits`: the logarithm to base 2 of how many times likelier that level is between
    records of one person than between any two; above 0 it speaks for, below 0 against."""

    feature: Feature
    level: Level
    bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A pair of records: the probability that they are of one person, and why. Features of which one record says
    nothing are left out."""

    score: float
    grade: Grade
    evidence: tuple[Evidence, ...]

    def level(self, feature: Feature) -> Level | None:
        """How far the two agree on a feature; None where one says nothing."""
        return next((each.level for each in self.evidence if each.feature is feature), None)


def assess(left: Record, right: Record, *, weights: Weights, this_year: int) -> Assessment:
    """Compare two records by given weights. Which comes first makes no difference."""
    columns = columns_of([left], [right], this_year=this_year)
    compared = compare(columns, np.array([0]), np.array([1]), {})
    score = float(scores(compared, weights)[0])
    evidence = tuple(
        Evidence(feature=feature, level=LEVELS[feature][level], bits=_bits(weights, feature, level))
        for feature, level in zip(FEATURES, compared.levels[0].tolist(), strict=True)
        if level >= 0 and not (feature is Feature.NAME_ORDER and level == 0)
    )
    return Assessment(score=score, grade=weights.grade(score), evidence=evidence)


def _bits(weights: Weights, feature: Feature, level: int) -> float:
    shares = weights.features[feature]
    return float(np.log2(shares.same[level] / shares.others[level]))
