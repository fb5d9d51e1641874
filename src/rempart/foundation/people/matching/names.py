"""How far two names agree, letter by letter: for distinct pairs of values, each looked at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from rempart.foundation.people.matching.columns import Columns, Ints
from rempart.foundation.people.matching.phonetics import sound

# places in LEVELS[FAMILY_NAME] without OTHER_NAME, which is found by what was compared, not by letters
EXACT, SOUNDS, TYPO, PART, BEGINS, SIMILAR, DIFFERENT = range(7)
_SIMILAR_FROM = 0.85  # Jaro-Winkler
_SHORTEST_TYPO = 4  # letters: below, one letter off is another name
_PARTICLES = frozenset(
    {"DE", "DU", "DES", "LA", "LE", "LES", "D", "L", "EL", "AL", "BEN", "VAN", "VON", "DI", "DA"}
)


def compared(columns: Columns, left: Ints, right: Ints) -> npt.NDArray[np.int8]:
    """The level of each pair of names (places in `columns.names`); -1 where one is absent."""
    levels = np.full(len(left), -1, dtype=np.int8)
    both = np.flatnonzero((left >= 0) & (right >= 0))
    if not len(both):
        return levels
    count = len(columns.names.values)
    low, high = np.minimum(left[both], right[both]), np.maximum(left[both], right[both])
    pairs, place = np.unique(low * count + high, return_inverse=True)
    levels[both] = _distinct(columns, pairs // count, pairs % count)[place]
    return levels


def _distinct(columns: Columns, left: Ints, right: Ints) -> npt.NDArray[np.int8]:
    levels = np.full(len(left), DIFFERENT, dtype=np.int8)
    exact = columns.joined[left] == columns.joined[right]
    levels[exact] = EXACT
    rest = np.flatnonzero(~exact)
    if not len(rest):
        return levels
    values = columns.names.values
    ones = [values[code] for code in left[rest].tolist()]
    others = [values[code] for code in right[rest].tolist()]
    alike = columns.sounds[left[rest]] == columns.sounds[right[rest]]
    ones_joined = [name.replace(" ", "") for name in ones]
    others_joined = [name.replace(" ", "") for name in others]
    off = cpdist(ones_joined, others_joined, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    near = cpdist(ones_joined, others_joined, scorer=JaroWinkler.similarity, dtype=np.float32)
    shortest = np.array([min(len(a), len(b)) for a, b in zip(ones_joined, others_joined, strict=True)])
    found = np.where(near >= _SIMILAR_FROM, SIMILAR, DIFFERENT).astype(np.int8)
    begins = np.array(
        [a.startswith(b) or b.startswith(a) for a, b in zip(ones_joined, others_joined, strict=True)]
    )
    found[begins] = BEGINS
    for index in [i for i, (a, b) in enumerate(zip(ones, others, strict=True)) if " " in a or " " in b]:
        found[index] = min(found[index], _by_words(ones[index], others[index]))
    found[(off <= 1) & (shortest >= _SHORTEST_TYPO)] = TYPO
    found[(off == 2) & (shortest >= 2 * _SHORTEST_TYPO)] = TYPO
    found[alike & (found != TYPO)] = SOUNDS
    levels[rest] = found
    return levels


def words_agree(one: str, other: str) -> bool:
    """Whether every word of one is a word of the other."""
    return _by_words(one, other) == PART


def _by_words(one: str, other: str) -> int:
    """PART when every word of one is in the other, or both begin with nearly the same word; SIMILAR when they have
    a word in common. Particles do not count."""
    ones = {word for word in one.split() if word not in _PARTICLES and len(word) > 1}
    others = {word for word in other.split() if word not in _PARTICLES and len(word) > 1}
    common = ones & others
    if (common and common in (ones, others)) or _nearly(one.partition(" ")[0], other.partition(" ")[0]):
        return PART
    return SIMILAR if common else DIFFERENT


def _nearly(one: str, other: str) -> bool:
    shortest = min(len(one), len(other))
    if one == other or shortest < 3:
        return False
    return _sound(one) == _sound(other) or (
        shortest >= _SHORTEST_TYPO and OSA.distance(one, other, score_cutoff=1) <= 1
    )


_sound = lru_cache(maxsize=65_536)(sound)
