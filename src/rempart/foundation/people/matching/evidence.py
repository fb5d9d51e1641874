"""One pair looked at closely: its score, and what each feature says for or against."""

from __future__ import annotations

from collections.abc import Sequence
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
    return assess_pairs([(left, right)], weights=weights, this_year=this_year)[0]


def assess_pairs(
    pairs: Sequence[tuple[Record, Record]], *, weights: Weights, this_year: int
) -> list[Assessment]:
    """Compare each pair by given weights; dates without doubt (YYYY-MM-DD) are best, for those of all are read alike."""
    columns = columns_of([left for left, _ in pairs], [right for _, right in pairs], this_year=this_year)
    lefts = np.arange(len(pairs))
    compared = compare(columns, lefts, lefts + len(pairs), {})
    return [
        Assessment(score=float(score), grade=weights.grade(float(score)), evidence=_evidence(levels, weights))
        for score, levels in zip(scores(compared, weights), compared.levels.tolist(), strict=True)
    ]


def _evidence(levels: Sequence[int], weights: Weights) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(feature=feature, level=LEVELS[feature][level], bits=_bits(weights, feature, level))
        for feature, level in zip(FEATURES, levels, strict=True)
        if level >= 0 and not (feature is Feature.NAME_ORDER and level == 0)
    )


def _bits(weights: Weights, feature: Feature, level: int) -> float:
    shares = weights.features[feature]
    return float(np.log2(shares.same[level] / shares.others[level]))
