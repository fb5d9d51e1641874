"""Learning weights from data without knowing the truth: expectation and maximisation.

The shares of `others` are those of all pairs of records, less what is thought to be of one person. The shares of
`same` are those of the candidates, each as far as it is thought to be one: pairs that are no candidates count as
certainly not, since the keys that bring candidates are many. What relatives share is given, not learnt; how many pairs
of relatives there are is learnt. Defaults weigh as much as some pairs
(data/settings.toml), so that a small file, or a level that never occurs, learns nothing foolish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from rempart.foundation.people.matching.columns import Columns, Ints
from rempart.foundation.people.matching.comparing import Compared, Shares, compare
from rempart.foundation.people.matching.model import Model, agree_together
from rempart.foundation.people.matching.records import FEATURES, LEVELS, TOGETHER, Feature, Level, level_place
from rempart.foundation.people.matching.weights import FeatureWeights, Floats, Settings, Weights

_RANDOM_PAIRS = 400_000
_SEED = 20_210_409
_STILL = 1e-6
_MOST_SAME, _MOST_RELATED = 0.9, 0.09  # of all pairs
_LEFT = 0.05  # of what was counted, at least
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
    lefts = columns.lefts
    rights = columns.size - columns.rights
    if lefts * rights <= _RANDOM_PAIRS:
        left, right = (side.ravel() for side in np.indices((lefts, rights)))
    else:
        draw = np.random.default_rng(_SEED)
        left, right = draw.integers(0, lefts, _RANDOM_PAIRS), draw.integers(0, rights, _RANDOM_PAIRS)
    right = right + columns.rights
    kept = left < right
    return patterns_of([compare(columns, left[kept], right[kept], shares)])


def learn_from(
    candidates: Patterns,
    of_all: Patterns,
    *,
    all_pairs: float,
    exact: Mapping[Feature, float],
    start: Weights,
    settings: Settings,
) -> Weights:
    """Weights for the pairs of which `candidates` are the combinations; `all_pairs`, how many pairs there are;
    `exact`, how many of them have equal values, by feature."""
    if not len(candidates.counts) or all_pairs < 1:
        return start
    default = Model.of(start)
    of_pairs = [
        _shares(of_all, at, default.others[at], settings.prior_others, exact=exact.get(feature))
        for at, feature in enumerate(FEATURES)
    ]
    usual = start.related_share / start.same_share
    least = 0.0 if _tells_relatives(of_all) else settings.related_untold
    same_share = max(start.same_share, 0.1 / all_pairs**0.5)
    model = replace(
        default, same=list(default.same), others=list(of_pairs), same_share=same_share,
        related_share=same_share * usual,
    )  # fmt: skip
    for _ in range(settings.rounds):
        model.together = _together(of_all, model)
        same, others, related = model.logs(candidates.levels)
        whole = np.logaddexp(np.logaddexp(same, others), related)
        mass, before = candidates.counts * np.exp(same - whole), model.same_share
        model.same_share = float(np.clip((mass.sum() + 0.1) / (all_pairs + 1), 1e-12, _MOST_SAME))
        of_related = float(candidates.counts @ np.exp(related - whole))
        ratio = (of_related + usual * settings.prior_related) / (mass.sum() + settings.prior_related)
        model.related_share = min(max(ratio, least) * model.same_share, _MOST_RELATED)
        for at in range(len(FEATURES)):
            model.same[at] = _level_mass(candidates, at, mass, default.same[at] * settings.prior_same)
            if FEATURES[at] is not Feature.NAME_ORDER:  # no pair of strangers has one
                model.others[at] = _without(of_pairs[at], model, at)
        if abs(model.same_share - before) <= _STILL * before:
            break
    return _weights(start, model)


def _weights(start: Weights, model: Model) -> Weights:
    return replace(
        start,
        features={
            feature: FeatureWeights(
                same=tuple(model.same[at].tolist()),
                others=tuple(model.others[at].tolist()),
                shared=start.features[feature].shared,
            )
            for at, feature in enumerate(FEATURES)
        },
        same_share=model.same_share,
        related_share=model.related_share,
        together=tuple(model.together),
        source="learnt from the records that were matched",
    )


def _together(of_all: Patterns, model: Model) -> list[float]:
    """How many times more often than by chance strangers agree on both of two features, where that is sure:
    beyond the pairs of one person, and beyond twice what chance would scatter."""
    found = []
    for pair in TOGETHER:
        at = [FEATURES.index(feature) for feature, _ in pair]
        pairs = float(of_all.counts @ (of_all.levels[:, at] >= 0).all(axis=1))
        both = float(of_all.counts @ agree_together(of_all.levels, *pair))
        of_same, of_others = _agreeing(model.same, pair), _agreeing(model.others, pair)
        beyond = both - pairs * model.same_share * of_same - 2 * both**0.5
        found.append(max(1.0, beyond / max(pairs * of_others, 1e-9)))
    return found


def _agreeing(shares: list[Floats], pair: tuple[tuple[Feature, Level], tuple[Feature, Level]]) -> float:
    """How many pairs agree on both features, if one had nothing to do with the other."""
    one, other = (
        float(shares[FEATURES.index(feature)][: level_place(feature, last) + 1].sum())
        for feature, last in pair
    )
    return one * other


def _tells_relatives(of_all: Patterns) -> bool:
    """Whether a fifth of all pairs can be compared by something that a household shares."""
    at = [FEATURES.index(feature) for feature in _OF_A_HOUSEHOLD]
    said = (of_all.levels[:, at] >= 0).any(axis=1)
    return bool(of_all.counts @ said >= of_all.counts.sum() / 5)


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


def exact_shares(columns: Columns, shares: Shares) -> dict[Feature, float]:
    """By feature, the share of all pairs that have equal values, by how many records have each."""
    found = {}
    for feature, (codes, share) in shares.items():
        on_left = codes[: columns.lefts]
        left = np.bincount(on_left[on_left >= 0], minlength=len(share)).astype(np.float64)
        if columns.two:
            on_right = codes[columns.lefts :]
            right = np.bincount(on_right[on_right >= 0], minlength=len(share)).astype(np.float64)
            equal, pairs = left @ right, left.sum() * right.sum()
        else:
            equal, pairs = left @ (left - 1), left.sum() * (left.sum() - 1)
        if pairs > 0:
            found[feature] = float(equal / pairs)
    return found


def _without(base: Floats, model: Model, at: int) -> Floats:
    """What is left of all pairs without those of one person and of relatives; a little of it at least."""
    left = base - model.same_share * model.same[at] - model.related_share * model.related()[at]
    left = np.maximum(left, base * _LEFT)
    return np.asarray(left / left.sum())
