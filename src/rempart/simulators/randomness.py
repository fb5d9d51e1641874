"""Chance that is the same everywhere: one seeded stream per purpose, and draws by comparison only.

Only uniform doubles are drawn, and turned into choices by exact arithmetic and sorted search: no
logarithm and no sum of floats decides anything, so that a seed gives the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Chance:
    """A stream of uniform draws; the same seed and purpose give the same stream."""

    def __init__(self, seed: int, *purpose: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64([seed, *purpose]))

    def uniform(self, count: int) -> Floats:
        """Numbers in [0, 1)."""
        return self._generator.random(count)

    def below(self, count: int, limit: int) -> Ints:
        """Whole numbers in [0, limit)."""
        return np.floor(self.uniform(count) * limit).astype(np.int64)

    def happens(self, count: int, probability: float | Floats) -> Flags:
        return self.uniform(count) < probability

    def order(self, count: int) -> Ints:
        """A permutation of 0 … count-1."""
        return np.argsort(self.uniform(count), kind="stable")

    def choice(self, count: int, weights: Sequence[int]) -> Ints:
        """Ranks drawn with whole-number weights."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.int64))
        return np.searchsorted(bounds, self.below(count, int(bounds[-1])), side="right")


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """`total` divided in proportion to whole weights, exactly (largest remainders, then first come)."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
