"""Which pairs are worth comparing: those that share one of several keys.

What no key brings together is never compared: how many true pairs the keys bring (their recall) is the ceiling of all
that follows, so there are many of them, each tolerant of another error. A key that too many records share is
narrowed by a further trait, for those records only; a group that stays too large is not compared by that key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rempart.foundation.people.matching.columns import ABSENT, Columns, Ints, taken
from rempart.foundation.people.matching.weights import Settings

_CHUNK = 1_500_000  # pairs at a time


@dataclass(frozen=True, slots=True)
class Pass:
    """One way of seeking: by record, a key, and what narrows it where it is too common."""

    name: str
    key: Ints
    narrower: tuple[Ints, ...]
    records: Ints  # which record each key is of: one may have several


@dataclass(frozen=True, slots=True)
class Postings:
    """A pass made ready: records sorted by key, and for each where its partners begin and end."""

    name: str
    records: Ints  # of the left side
    begins: Ints
    ends: Ints
    partners: Ints  # records of the right side, by key


def candidates(columns: Columns, settings: Settings) -> list[Postings]:
    """The groups of every pass over these columns."""
    most = max(settings.pairs_per_record * columns.size, settings.least_pairs)
    return [_ready(one, columns, most=most) for one in _passes(columns)]


def chunks(postings: list[Postings], columns: Columns, *, every: int = 1) -> Iterator[tuple[Ints, Ints]]:
    """All pairs, each once, left before right, some at a time and in the order of the left record.

    With `every`, only so many left records out of so many.
    """
    lefts = columns.lefts
    amount = np.zeros(lefts + 1, dtype=np.int64)
    for one in postings:
        np.add.at(amount, one.records, one.ends - one.begins)
    start, upto = 0, np.cumsum(amount)
    while start < lefts:
        before = upto[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(upto[:lefts], before + _CHUNK, side="right")))
        parts = [_expanded(one, start, end, columns.size, every=every) for one in postings]
        pairs = np.unique(np.concatenate(parts))
        if len(pairs):
            yield pairs // columns.size, pairs % columns.size
        start = end


def total(postings: list[Postings]) -> int:
    """How many pairs all passes bring, those that several bring counted each time."""
    return int(sum((one.ends - one.begins).sum() for one in postings))


def _expanded(one: Postings, start: int, end: int, size: int, *, every: int) -> Ints:
    inside = (one.records >= start) & (one.records < end) & (one.records % every == 0)
    begins, lengths = one.begins[inside], (one.ends - one.begins)[inside]
    owners = np.repeat(one.records[inside], lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    partners = one.partners[np.repeat(begins, lengths) + within]
    made = owners != partners
    low, high = np.minimum(owners, partners)[made], np.maximum(owners, partners)[made]
    return np.asarray(low * size + high)


def _ready(one: Pass, columns: Columns, *, most: int) -> Postings:
    records, keys = _narrowed(one, columns, most=most)
    order = np.lexsort((records, keys))
    records, keys = records[order], keys[order]
    if not columns.two:
        ends = np.searchsorted(keys, keys, side="right")
        return Postings(one.name, records, np.arange(1, len(records) + 1), ends, records)
    on_right = records >= columns.lefts
    right_keys = keys[on_right]
    left, left_keys = records[~on_right], keys[~on_right]
    return Postings(
        one.name,
        left,
        np.searchsorted(right_keys, left_keys, side="left"),
        np.searchsorted(right_keys, left_keys, side="right"),
        records[on_right],
    )


def _narrowed(one: Pass, columns: Columns, *, most: int) -> tuple[Ints, Ints]:
    """Records and keys, after the largest groups were split until the pass brings at most `most` pairs."""
    given = one.key >= 0
    records, keys = one.records[given], _dense(one.key[given])
    for narrower in (*one.narrower, None):
        pairs = _pairs_by_key(records, keys, columns)
        order = np.argsort(pairs, kind="stable")
        fits = np.zeros(len(pairs), dtype=np.bool_)
        fits[order] = np.cumsum(pairs[order]) <= most
        large = ~fits[keys] if len(keys) else np.zeros(0, dtype=np.bool_)
        if not large.any():
            break
        if narrower is None:
            records, keys = records[~large], keys[~large]
            break
        further = narrower[records]
        count = int(further.max(initial=0)) + 2
        keys = keys * count
        keys[large] += further[large] + 1
        kept = ~(large & (further < 0))
        records, keys = records[kept], _dense(keys[kept])
    return records, keys


def _pairs_by_key(records: Ints, keys: Ints, columns: Columns) -> Ints:
    counts = np.bincount(keys) if len(keys) else np.zeros(0, dtype=np.int64)
    if not columns.two:
        return counts * (counts - 1) // 2
    on_right = np.bincount(keys[records >= columns.lefts], minlength=len(counts))
    return (counts - on_right) * on_right


def _dense(keys: Ints) -> Ints:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64) if len(keys) else keys


def _both(one: Ints, other: Ints) -> Ints:
    """One key of two; absent where one of them is."""
    made = one * (int(other.max(initial=0)) + 1) + other
    return np.where((one >= 0) & (other >= 0), made, ABSENT)


def _passes(columns: Columns) -> Iterator[Pass]:
    """The keys. "Any name" is the birth name, the used name and the first names alike: a record is sought by
    each, so that names that were exchanged, or of which one is missing, are found."""
    size = columns.size
    once, twice, thrice = (np.tile(np.arange(size), times) for times in (1, 2, 3))
    sounds, first = columns.sounds, taken(columns.sounds, columns.first_names)
    family = np.concatenate([taken(sounds, columns.birth_name), taken(sounds, columns.used_name)])
    name = np.concatenate([family, first])
    start, family_start, family_end = (
        taken(columns.names.derived(part)[0], column)
        for part, column in (
            (lambda name: _letters(name)[:3], columns.first_names),
            (lambda name: _letters(name)[:4], columns.birth_name),
            (lambda name: _letters(name)[-4:], columns.birth_name),
        )
    )
    first_word = taken(columns.names.derived(lambda name: name.partition(" ")[0])[0], columns.first_names)
    date, year, day = _date_keys(columns)
    place = taken(columns.places.derived(lambda name: name[:4])[0], columns.birth_place)
    home = columns.postcode
    yield Pass("number", columns.ins, (), once)
    yield Pass("phone", columns.phone, (first, date), once)
    yield Pass("birth date", date, (taken(sounds, columns.birth_name), first), once)
    yield Pass("birth date and first name", _both(date, start), (place,), once)
    yield Pass("both names", _unordered(family, np.tile(first, 2)), (year, day, home, place), twice)
    yield Pass(
        "family and first word", _both(family, np.tile(first_word, 2)), (year, day, home, place), twice
    )
    for said, key in (("year", year), ("day", day), ("postcode", home), ("place", place)):
        others = tuple(other for other in (day, start, family_start, year, home) if other is not key)
        yield Pass(f"any name and {said}", _both(name, np.tile(key, 3)), others, thrice)
    yield Pass("year and postcode", _both(year, home), (start, family_start), once)
    yield Pass("day and postcode", _both(day, home), (start, family_start), once)
    yield Pass("year and place", _both(year, place), (day, family_start, start), once)
    yield Pass("day and place", _both(day, place), (year, family_start, start), once)
    yield Pass("beginnings", _both(family_start, start), (year, day, home, place), once)
    yield Pass("end and beginning", _both(family_end, start), (year, day, home, place), once)


def _letters(name: str) -> str:
    return name.replace(" ", "")


def _date_keys(columns: Columns) -> tuple[Ints, Ints, Ints]:
    """By record: the date whichever of day and month comes first, the year, day and month."""

    def unordered(date: str) -> str:
        return date[:4] + "".join(sorted((date[4:6], date[6:])))

    date = taken(columns.dates.derived(unordered)[0], columns.birth_date)
    year = taken(columns.dates.derived(lambda date: date[:4])[0], columns.birth_date)
    day = taken(
        columns.dates.derived(lambda date: date[4:] if "00" not in (date[4:6], date[6:]) else "")[0],
        columns.birth_date,
    )
    return date, year, day


def _unordered(one: Ints, other: Ints) -> Ints:
    return _both(np.minimum(one, other), np.maximum(one, other))
