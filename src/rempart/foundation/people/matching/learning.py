"""Learning weights from data without knowing the truth: expectation and maximisation.

The shares of `others` are those of all pairs of records, less what is thought to be of one person. The shares of
`same` are those of the candidates, each as far as it is thought to be one: pairs that are no candidates count as
certainly not, since the keys that bring candidates are many. The shares of `related` are given, not learnt: which
families are in a file cannot be told from other pairs without them. Defaults weigh as much as some pairs
(data/settings.toml), so that a small file, or a level that never occurs, learns nothing foolish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from rempart.foundation.people.matching.columns import Columns, Ints
from rempart.foundation.people.matching.comparing import Compared, Shares, compare
from rempart.foundation.people.matching.records import FEATURES, LEVELS, Feature
from rempart.foundation.people.matching.weights import FeatureWeights, Floats, Settings, Weights

_RANDOM_PAIRS = 400_000
_SEED = 20_210_409
_STILL = 1e-6
_KINDS = ("same", "others", "related")
_OF_A_HOUSEHOLD = (Feature.POSTCODE, Feature.PHONE, Feature.BIRTH_PLACE)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct combinations of levels, and how many pairs have each."""

    levels: Ints  # a row per combination, in the order of FEATURES; -1 where one does not say
    counts: Floats


def patterns_of(parts: Iterable[Compared], *, each: int = 1) -> Patterns:
    """The combinations of many compared pairs, of which each stands for so many."""
    bases = np.array([len(LEVELS[feature]) + 1 for feature in FEATURES])
    steps = np.concatenate([[1], np.cumprod(bases[:-1])])
    found: dict[int, int] = {}
    for part in parts:
        keys, counts = np.unique((part.levels.astype(np.int64) + 1) @ steps, return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            found[key] = found.get(key, 0) + count * each
    keys = np.array(sorted(found), dtype=np.int64)
    levels = (keys[:, None] // steps[None, :]) % bases[None, :] - 1
    return Patterns(levels, np.array([found[key] for key in keys.tolist()], dtype=np.float64))


def any_pairs(columns: Columns, shares: Shares) -> Patterns:
    """Pairs drawn from all there are; every pair where there are not many."""
    lefts = columns.boundary or columns.size
    rights = columns.size - columns.boundary
    if lefts * rights <= _RANDOM_PAIRS:
        left, right = (side.ravel() for side in np.indices((lefts, rights)))
    else:
        draw = np.random.default_rng(_SEED)
        left, right = draw.integers(0, lefts, _RANDOM_PAIRS), draw.integers(0, rights, _RANDOM_PAIRS)
    right = right + columns.boundary
    kept = left < right
    return patterns_of([compare(columns, left[kept], right[kept], shares)])


def learn_from(
    candidates: Patterns,
    of_all: Patterns,
    *,
    all_pairs: float,
    shares: Shares,
    start: Weights,
    settings: Settings,
) -> Weights:
    """Weights for the pairs of which `candidates` are the combinations; `all_pairs`, how many pairs there are."""
    if not len(candidates.counts) or all_pairs < 1:
        return start
    default = {
        kind: [np.array(getattr(start.features[feature], kind)) for feature in FEATURES] for kind in _KINDS
    }
    same, related = list(default["same"]), default["related"]
    of_pairs = [
        _shares(of_all, at, default["others"][at], settings.prior_others, exact=_exact_share(shares, feature))
        for at, feature in enumerate(FEATURES)
    ]
    others = list(of_pairs)
    expected = settings.related_told if _tells_relatives(of_all) else settings.related_untold
    same_share = max(start.same_share, 0.1 / all_pairs**0.5)
    related_share = same_share * expected
    for _ in range(settings.rounds):
        of_same, of_related = posteriors(
            candidates.levels, (same, others, related), (same_share, related_share)
        )
        mass, before = candidates.counts * of_same, same_share
        same_share = _share_of(mass.sum(), all_pairs)
        related_share = _share_of(candidates.counts @ of_related + expected * mass.sum(), all_pairs)
        for at in range(len(FEATURES)):
            same[at] = _level_mass(candidates, at, mass, default["same"][at] * settings.prior_same)
            others[at] = _without(of_pairs[at], same[at], same_share)
        if abs(same_share - before) <= _STILL * before:
            break
    return _weights(start, same, others, same_share=same_share, related_share=related_share)


def posteriors(
    levels: Ints, kinds: tuple[list[Floats], list[Floats], list[Floats]], shares: tuple[float, float]
) -> tuple[Floats, Floats]:
    """By pair, the probability that it is of one person, and of relatives; `kinds`: same, others, related."""
    same, others, related = (log_shares(levels, kind) for kind in kinds)
    same_share, related_share = shares
    same = same + np.log(same_share)
    related = related + np.log(related_share)
    whole = np.logaddexp(np.logaddexp(others + np.log(1 - same_share - related_share), related), same)
    return np.exp(same - whole), np.exp(related - whole)


def _weights(
    start: Weights, same: list[Floats], others: list[Floats], *, same_share: float, related_share: float
) -> Weights:
    return replace(
        start,
        features={
            feature: FeatureWeights(
                same=tuple(same[at].tolist()),
                others=tuple(others[at].tolist()),
                related=start.features[feature].related,
            )
            for at, feature in enumerate(FEATURES)
        },
        same_share=same_share,
        related_share=related_share,
        source="learnt from the records that were matched",
    )


def _tells_relatives(of_all: Patterns) -> bool:
    """Whether a fifth of all pairs can be compared by something that a household shares."""
    at = [FEATURES.index(feature) for feature in _OF_A_HOUSEHOLD]
    said = (of_all.levels[:, at] >= 0).any(axis=1)
    return bool(of_all.counts @ said >= of_all.counts.sum() / 5)


def _share_of(mass: float, all_pairs: float) -> float:
    return float(np.clip((mass + 0.1) / (all_pairs + 1), 1e-12, 0.4))


def log_shares(levels: Ints, shares: list[Floats]) -> Floats:
    """By pair, the logarithm of the product of the shares of its levels."""
    total = np.zeros(len(levels))
    for at, share in enumerate(shares):
        total += np.append(np.log(share), 0.0)[levels[:, at]]  # -1, the last: says nothing
    return total


def _level_mass(patterns: Patterns, at: int, mass: Floats, prior: Floats) -> Floats:
    said = patterns.levels[:, at] >= 0
    counted = np.bincount(patterns.levels[said, at], weights=mass[said], minlength=len(prior)) + prior
    return np.asarray(counted / counted.sum())


def _shares(of_all: Patterns, at: int, default: Floats, weight: float, *, exact: float | None) -> Floats:
    """The shares of all pairs; that of equal values is known better from how common each value is."""
    counted = _level_mass(of_all, at, of_all.counts, default * weight)
    if FEATURES[at] is Feature.NAME_ORDER:
        return default
    if exact is None:
        return counted
    pairs = of_all.counts[of_all.levels[:, at] >= 0].sum()
    counted[0] = (exact * pairs + default[0] * weight) / (pairs + weight)
    counted[1:] *= (1 - counted[0]) / counted[1:].sum()
    return counted


def _exact_share(shares: Shares, feature: Feature) -> float | None:
    if feature not in shares:
        return None
    _, share = shares[feature]
    return float((share**2).sum()) if len(share) else None


def _without(base: Floats, same: Floats, same_share: float) -> Floats:
    """What is left of all pairs without those of one person; a tenth of it at least."""
    left = np.maximum(base - same_share * same, base * 0.1)
    return np.asarray(left / left.sum())
