"""From levels to a probability, and what each feature said for or against."""

from __future__ import annotations

import numpy as np

from rempart.foundation.people.matching.comparing import Compared
from rempart.foundation.people.matching.model import Model
from rempart.foundation.people.matching.records import FEATURES
from rempart.foundation.people.matching.weights import Floats, Weights

_FLOOR = 0.05  # a value never counts as rarer than this many times the usual


def scores(compared: Compared, weights: Weights) -> Floats:
    """By pair, the probability that both records are of one person.

    Where two records agree on a value, how common that value is takes the place of how common agreement is.
    """
    levels = compared.levels.astype(np.int64)
    by_value = np.zeros(len(levels))
    for at, feature in enumerate(FEATURES):
        share = compared.common[:, at]
        known = ~np.isnan(share)
        if known.any():
            usual = weights.features[feature].others[0]
            by_value[known] += np.log(np.maximum(share[known], usual * _FLOOR) / usual)
    same, others, related = Model.of(weights).logs(levels)
    against = np.logaddexp(others + by_value, related)
    return np.asarray(1 / (1 + np.exp(np.clip(against - same, -700, 700))))
