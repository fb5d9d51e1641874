"""Matching the records of two files, or of one with itself: candidates, weights, scores, grades."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rempart.foundation.people.matching import blocking, learning, tying
from rempart.foundation.people.matching.blocking import Postings
from rempart.foundation.people.matching.columns import Columns, Ints, columns_of
from rempart.foundation.people.matching.comparing import (
    Bools,
    Compared,
    Levels,
    Shares,
    compare,
    shares_of,
)
from rempart.foundation.people.matching.records import FEATURES, Feature, Level, Record, level_place
from rempart.foundation.people.matching.scoring import scores
from rempart.foundation.people.matching.weights import (
    Floats,
    Grade,
    Settings,
    Weights,
    default_weights,
    settings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two records that may be of one person, by their places in the files (counted from 0).

    `score`: the probability that they are, from 0 to 1.
    """

    left: int
    right: int
    score: float
    grade: Grade


@dataclass(frozen=True, slots=True)
class Matches:
    """Every pair that is at least possible, once, by place on the left, then on the right."""

    weights: Weights
    left: Ints
    right: Ints
    scores: Floats
    compared: int  # how many pairs were looked at

    def __iter__(self) -> Iterator[Match]:
        for left, right, score in zip(
            self.left.tolist(), self.right.tolist(), self.scores.tolist(), strict=True
        ):
            yield Match(left=left, right=right, score=score, grade=self.weights.grade(score))

    def __len__(self) -> int:
        return len(self.left)


def match(
    left: Sequence[Record], right: Sequence[Record] | None = None, *, weights: Weights | None = None,
    this_year: int,
) -> Matches:  # fmt: skip
    """Pairs of records that are of one person: between two files, or inside one when `right` is None.

    Without `weights`, they are learnt from these records, starting from the default ones. In one file, records
    that certain pairs tie together are certain pairs too, unless their numbers differ, or both sex and first name. `this_year` tells of which
    century two digits of a year are. The same records give the same matches; nothing is random.
    """
    columns = columns_of(left, right, this_year=this_year)
    rules = settings()
    postings = blocking.candidates(columns, rules)
    shares = shares_of(columns, default_weights(), prior=rules.prior_records)
    if weights is None:
        weights = _learn(columns, postings, shares, rules)
    kept, looked_at = [], 0
    for part in _compared(columns, postings, shares):
        score = scores(part, weights)
        looked_at += len(score)
        good = score >= weights.possible
        kept.append((part.left[good], part.right[good], score[good]))
    one, other, score = _together(kept)
    if right is None:
        one, other, score = _with_implied(columns, shares, weights, one, other, score, rules)
    return Matches(weights, one, other - columns.rights, score, looked_at)


def learn(
    left: Sequence[Record], right: Sequence[Record] | None = None, *, start: Weights | None = None,
    this_year: int,
) -> Weights:  # fmt: skip
    """Weights learnt from records of which nobody said which are of one person.

    `start` (the default weights) is where learning begins, and what it keeps to where the records say little.
    """
    columns = columns_of(left, right, this_year=this_year)
    rules = settings()
    postings = blocking.candidates(columns, rules)
    shares = shares_of(columns, start or default_weights(), prior=rules.prior_records)
    return _learn(columns, postings, shares, rules, start=start)


def _learn(
    columns: Columns,
    postings: list[Postings],
    shares: Shares,
    rules: Settings,
    *,
    start: Weights | None = None,
) -> Weights:
    """Of very many candidates, every so-manieth million is looked at, and counts for the others."""
    every = 1 + blocking.total(postings) // rules.learn_from
    parts = _compared(columns, postings, shares, every=every)
    lefts = columns.lefts
    all_pairs = lefts * (columns.size - lefts) if columns.two else lefts * (lefts - 1) / 2
    return learning.learn_from(
        learning.patterns_of(parts, each=every),
        learning.any_pairs(columns, shares),
        all_pairs=all_pairs,
        exact=learning.exact_shares(columns, shares),
        start=start or default_weights(),
        settings=rules,
    )


def _compared(
    columns: Columns, postings: list[Postings], shares: Shares, *, every: int = 1
) -> Iterator[Compared]:
    for left, right in blocking.chunks(postings, columns, every=every):
        yield compare(columns, left, right, shares)


def _together(parts: list[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    none = np.zeros(0, dtype=np.int64)
    left, right, score = zip(*parts, strict=True) if parts else ((none,), (none,), (np.zeros(0),))
    return np.concatenate(left), np.concatenate(right), np.concatenate(score)


def _with_implied(
    columns: Columns, shares: Shares, weights: Weights, left: Ints, right: Ints, score: Floats, rules: Settings
) -> tuple[Ints, Ints, Floats]:  # fmt: skip
    """The pairs and those that they imply, each once and in order, with the better of its two scores."""
    one, other, tied = tying.implied(
        left, right, score, size=columns.size, certain=weights.certain, largest=rules.largest_tie,
        agreeing=rules.agreeing,
    )  # fmt: skip
    levels = compare(columns, one, other, shares).levels
    apart = _different(levels, Feature.INS) | (
        _different(levels, Feature.SEX) & _different(levels, Feature.FIRST_NAMES)
    )
    pairs = np.concatenate([left, one[~apart]]) * columns.size + np.concatenate([right, other[~apart]])
    surest = np.lexsort((-np.concatenate([score, tied[~apart]]), pairs))
    ordered, firsts = np.unique(pairs[surest], return_index=True)
    best = np.concatenate([score, tied[~apart]])[surest][firsts]
    return ordered // columns.size, ordered % columns.size, best


def _different(levels: Levels, feature: Feature) -> Bools:
    """Which pairs say something of a feature, and nothing that agrees."""
    return np.asarray(levels[:, FEATURES.index(feature)] == level_place(feature, Level.DIFFERENT))
