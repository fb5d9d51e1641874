"""Comparing pairs of records: for each feature, the level on which they agree, -1 where one does not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from rempart.foundation.people.matching import names, normalise
from rempart.foundation.people.matching.columns import ABSENT, Columns, Ints, Vocabulary
from rempart.foundation.people.matching.records import FEATURES, LEVELS, Feature, Level
from rempart.foundation.people.matching.weights import Weights

Levels = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

_FAMILY = np.array([0, 1, 2, 4, 5, 6, 7, -1], dtype=np.int8)  # by place in names: around OTHER_NAME
_OTHER_NAME = 3
_UNSEEN = 0.5  # as many records have a value that no other record has
_GOOD = (names.EXACT, names.SOUNDS, names.TYPO, names.PART)


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of records, the level of each feature (a row per pair, in the order of FEATURES), and how
    rare the values are on which they agree."""

    left: Ints
    right: Ints
    levels: Levels
    common: npt.NDArray[
        np.float32
    ]  # by pair and feature: share of other records with that value; nan without


def compare(columns: Columns, left: Ints, right: Ints, shares: Shares) -> Compared:
    """Compare the records at these places, pair by pair."""
    levels = np.full((len(left), len(FEATURES)), -1, dtype=np.int8)
    common = np.full((len(left), len(FEATURES)), np.nan, dtype=np.float32)

    def put(feature: Feature, found: Levels) -> None:
        levels[:, FEATURES.index(feature)] = found

    family, first, order = _names(columns, left, right)
    put(Feature.FAMILY_NAME, family)
    put(Feature.FIRST_NAMES, first)
    put(Feature.NAME_ORDER, order)
    for feature, vocabulary, column, compare_values in (
        (Feature.BIRTH_DATE, columns.dates, columns.birth_date, _dates),
        (Feature.BIRTH_PLACE, columns.places, columns.birth_place, _places),
        (Feature.POSTCODE, columns.postcodes, columns.postcode, _postcodes),
        (Feature.PHONE, columns.phones, columns.phone, _phones),
        (Feature.INS, columns.numbers, columns.ins, _numbers),
    ):
        put(feature, _distinct(vocabulary, column[left], column[right], compare_values))
    put(Feature.SEX, _sexes(columns.sex[left], columns.sex[right]))
    for feature, (column, share) in shares.items():
        at = FEATURES.index(feature)
        agree = levels[:, at] == 0
        one, other = column[left[agree]], column[right[agree]]
        common[agree, at] = np.maximum(
            np.where(one >= 0, share[one], 0.0), np.where(other >= 0, share[other], 0.0)
        )
    return Compared(left, right, levels, common)


Shares = dict[Feature, tuple[Ints, npt.NDArray[np.float64]]]
"""By feature: the column of values, and by value the share of records that have it beside the two compared."""


def shares_of(columns: Columns, usual: Weights, *, prior: int) -> Shares:
    """How common each value is among all records; names are counted as written without spaces.

    As many records as `prior` says have the value as often as is `usual`: in a file of few persons, what all of
    them say may be rare elsewhere.
    """
    found: Shares = {}
    joined = columns.joined
    for feature, column, kinds in (
        (Feature.FAMILY_NAME, columns.birth_name, joined),
        (Feature.FIRST_NAMES, columns.first_names, joined),
        (Feature.BIRTH_DATE, columns.birth_date, None),
        (Feature.BIRTH_PLACE, columns.birth_place, None),
        (Feature.POSTCODE, columns.postcode, None),
        (Feature.PHONE, columns.phone, None),
        (Feature.INS, columns.ins, None),
    ):
        codes = column if kinds is None else np.where(column >= 0, kinds[column] if len(kinds) else 0, ABSENT)
        given = codes[codes >= 0]
        size = int(codes.max(initial=-1)) + 1
        counts = np.bincount(given, minlength=size)
        elsewhere = prior * usual.features[feature].others[0]
        beside = np.maximum(counts - 2, 0) + _UNSEEN
        found[feature] = (codes, (beside + elsewhere) / (len(given) + prior))
    return found


def _names(columns: Columns, left: Ints, right: Ints) -> tuple[Levels, Levels, Levels]:
    """Family names, first names, and whether they were exchanged in one of the records."""
    births = (columns.birth_name[left], columns.birth_name[right])
    used = (columns.used_name[left], columns.used_name[right])
    firsts = (columns.first_names[left], columns.first_names[right])
    family = _FAMILY[names.compared(columns, *births)]
    first = names.compared(columns, *firsts)
    for one, other in ((births[0], used[1]), (used[0], births[1]), (used[0], used[1])):
        found = names.compared(columns, one, other)
        agrees = np.isin(found, (names.EXACT, names.SOUNDS, names.TYPO)) & (family > _OTHER_NAME)
        family[agrees] = _OTHER_NAME
    order = np.where((family >= 0) & (first >= 0), 0, -1).astype(np.int8)
    doubtful = np.flatnonzero(
        ((family < 0) | (family > _OTHER_NAME + 1)) & ((first < 0) | (first > names.PART))
    )
    if len(doubtful):
        crossed = names.compared(columns, births[0][doubtful], firsts[1][doubtful])
        back = names.compared(columns, firsts[0][doubtful], births[1][doubtful])
        good, good_back = np.isin(crossed, _GOOD), np.isin(back, _GOOD)
        inverted = (good & (good_back | (back < 0))) | (good_back & (crossed < 0))
        at = doubtful[inverted]
        better = np.minimum(crossed[inverted], back[inverted])
        worse = np.maximum(crossed[inverted], back[inverted])
        missing = better < 0  # one of the two names is not given: the other is the better one
        family[at] = _FAMILY[np.where(missing, worse, better)]
        first[at] = np.where(missing, -1, worse)
        order[at] = 1
    return family, first, order


def _distinct(
    vocabulary: Vocabulary,
    left: Ints,
    right: Ints,
    compare_values: Callable[[Sequence[str], Sequence[str]], Levels],
) -> Levels:
    """The levels of pairs of values: equal is 0, others are compared once for each distinct pair."""
    levels = np.where((left >= 0) & (right >= 0), 0, -1).astype(np.int8)
    differ = np.flatnonzero((levels == 0) & (left != right))
    if len(differ):
        count = len(vocabulary.values)
        low, high = (
            np.minimum(left[differ], right[differ]),
            np.maximum(left[differ], right[differ]),
        )
        pairs, place = np.unique(low * count + high, return_inverse=True)
        ones = [vocabulary.values[code] for code in (pairs // count).tolist()]
        others = [vocabulary.values[code] for code in (pairs % count).tolist()]
        levels[differ] = compare_values(ones, others)[place]
    return levels


def _sexes(left: Ints, right: Ints) -> Levels:
    said = (left >= 0) & (right >= 0)
    return np.where(said, np.where(left == right, 0, 1), -1).astype(np.int8)


def _dates(ones: Sequence[str], others: Sequence[str]) -> Levels:
    left, right = (np.array(side, dtype=np.int64) for side in (ones, others))
    off = cpdist(ones, others, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    years, months, days = left // 10000, left // 100 % 100, left % 100
    years_r, months_r, days_r = right // 10000, right // 100 % 100, right % 100
    year = years == years_r
    alike = year.astype(np.int8) + (months == months_r) + (days == days_r)
    swapped = year & (days == months_r) & (months == days_r)
    unsaid = (months == 0) | (months_r == 0) | (days == 0) | (days_r == 0)
    compatible = (
        unsaid
        & year
        & ((months == months_r) | (months == 0) | (months_r == 0))
        & ((days == days_r) | (days == 0) | (days_r == 0))
    )
    levels = _levels(Feature.BIRTH_DATE, len(left), Level.DIFFERENT)
    for level, holds in (
        (Level.YEAR, year),
        (Level.CLOSE, (off <= 2) | (alike == 2)),
        (Level.TYPO, off <= 1),
        (Level.SWAPPED, swapped),
        (Level.YEAR, compatible),
    ):
        levels[holds] = LEVELS[Feature.BIRTH_DATE].index(level)
    return levels


def _places(ones: Sequence[str], others: Sequence[str]) -> Levels:
    levels = _levels(Feature.BIRTH_PLACE, len(ones), Level.DIFFERENT)
    off = cpdist(ones, others, scorer=OSA.distance, score_cutoff=3, dtype=np.int32)
    near = cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float32)
    index = LEVELS[Feature.BIRTH_PLACE].index
    for at, (one, other) in enumerate(zip(ones, others, strict=True)):
        code = normalise.is_code(one)
        if code != normalise.is_code(other):
            levels[at] = -1
        elif code:
            if one[:2] == other[:2]:
                levels[at] = index(Level.AREA)
        elif off[at] <= (1 if min(len(one), len(other)) < 7 else 2):
            levels[at] = index(Level.TYPO)
        elif (" " in one or " " in other) and names.words_agree(one, other):
            levels[at] = index(Level.PART)
        elif near[at] >= 0.85:
            levels[at] = index(Level.SIMILAR)
    return levels


def _postcodes(ones: Sequence[str], others: Sequence[str]) -> Levels:
    levels = _levels(Feature.POSTCODE, len(ones), Level.DIFFERENT)
    off = cpdist(ones, others, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    area = np.array([_area(one) == _area(other) for one, other in zip(ones, others, strict=True)])
    levels[area] = LEVELS[Feature.POSTCODE].index(Level.AREA)
    levels[off <= 1] = LEVELS[Feature.POSTCODE].index(Level.TYPO)
    return levels


def _area(code: str) -> str:
    """The department of a French code; what stands before the last three signs of a British one."""
    if code.isdigit():
        return code[:3] if code.startswith(("97", "98")) else code[:2]
    return code[:-3]


def _phones(ones: Sequence[str], others: Sequence[str]) -> Levels:
    levels = _levels(Feature.PHONE, len(ones), Level.DIFFERENT)
    index = LEVELS[Feature.PHONE].index
    off = cpdist(ones, others, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    near = cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float32)
    for at, (one, other) in enumerate(zip(ones, others, strict=True)):
        mail = "@" in one
        if mail != ("@" in other):
            levels[at] = -1
        elif off[at] <= (2 if mail else 1):
            levels[at] = index(Level.TYPO)
        elif off[at] <= 2 or (mail and (near[at] >= 0.92 or _before_at(one) == _before_at(other))):
            levels[at] = index(Level.SIMILAR)
    return levels


def _before_at(mail: str) -> str:
    return mail.partition("@")[0]


def _numbers(ones: Sequence[str], others: Sequence[str]) -> Levels:
    levels = _levels(Feature.INS, len(ones), Level.DIFFERENT)
    off = cpdist(ones, others, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    levels[off <= 1] = LEVELS[Feature.INS].index(Level.TYPO)
    return levels


def _levels(feature: Feature, size: int, level: Level) -> Levels:
    return np.full(size, LEVELS[feature].index(level), dtype=np.int8)
