"""Records as columns of numbers: every distinct value once, each record its place in that list.

All that compares works on these columns, and looks at a pair of distinct values once however many records have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rempart.foundation.people.matching import normalise
from rempart.foundation.people.matching.dates import reader_for
from rempart.foundation.people.matching.phonetics import sound
from rempart.foundation.people.matching.records import Record, Trait

Ints = npt.NDArray[np.int64]
ABSENT = -1


@dataclass(slots=True)
class Vocabulary:
    """Distinct values in the order they came."""

    values: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def place(self, value: str) -> int:
        """Where a value stands; ABSENT for ""."""
        if not value:
            return ABSENT
        place = self._places.setdefault(value, len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place

    def derived(self, of: Callable[[str], str]) -> tuple[Ints, Vocabulary]:
        """For each value, the place of what `of` makes of it, and the list of those."""
        made = Vocabulary()
        return np.array([made.place(of(value)) for value in self.values], dtype=np.int64), made


@dataclass(slots=True, kw_only=True)
class Columns:
    """`size` records. Family and first names share the list `names`, of words between spaces.

    `lefts`: how many of them are of the left file; `two`: whether there is a right one, else left is all.
    """

    size: int
    lefts: int
    two: bool
    names: Vocabulary
    joined: Ints  # by name: which names are one when written without spaces
    sounds: Ints  # by name: its phonetic key
    birth_name: Ints
    used_name: Ints
    first_names: Ints
    dates: Vocabulary  # YYYYMMDD
    birth_date: Ints
    sex: Ints  # 0 F, 1 M
    places: Vocabulary
    birth_place: Ints
    postcodes: Vocabulary
    postcode: Ints
    phones: Vocabulary
    phone: Ints
    numbers: Vocabulary
    ins: Ints

    @property
    def rights(self) -> int:
        """Where the records begin with which those of the left are compared."""
        return self.lefts if self.two else 0


def columns_of(left: Sequence[Record], right: Sequence[Record] | None = None, *, this_year: int) -> Columns:
    """The columns of one file, or of two, one after the other. Dates are read file by file."""
    builder = _Builder(this_year)
    builder.add(left)
    if right is not None:
        builder.add(right)
    return builder.columns(lefts=len(left), two=right is not None)


class _Builder:
    def __init__(self, this_year: int) -> None:
        self._this_year = this_year
        self._names = Vocabulary()
        self._lists = {
            Trait.BIRTH_DATE: Vocabulary(),
            Trait.SEX: Vocabulary(["F", "M"], {"F": 0, "M": 1}),
            Trait.BIRTH_PLACE: Vocabulary(),
            Trait.POSTCODE: Vocabulary(),
            Trait.PHONE: Vocabulary(),
            Trait.INS: Vocabulary(),
        }
        self._columns: dict[Trait, list[Ints]] = {trait: [] for trait in Trait}

    def add(self, records: Sequence[Record]) -> None:
        reader = reader_for((record.birth_date for record in records), this_year=self._this_year)
        readings: dict[Trait, Callable[[str], str]] = {
            Trait.BIRTH_NAME: normalise.words,
            Trait.USED_NAME: normalise.words,
            Trait.FIRST_NAMES: normalise.words,
            Trait.BIRTH_DATE: reader.read,
            Trait.SEX: normalise.sex,
            Trait.BIRTH_PLACE: normalise.place,
            Trait.POSTCODE: _postcodes(record.postcode for record in records),
            Trait.PHONE: normalise.phone,
            Trait.INS: normalise.ins,
        }
        for trait, reading in readings.items():
            listed = self._lists.get(trait, self._names)
            seen: dict[str, int] = {"": ABSENT}
            column = np.empty(len(records), dtype=np.int64)
            for index, record in enumerate(records):
                said: str = getattr(record, trait.value)
                place = seen.get(said)
                if place is None:
                    place = seen[said] = listed.place(reading(said))
                column[index] = place
            self._columns[trait].append(column)

    def columns(self, *, lefts: int, two: bool) -> Columns:
        made = {trait: np.concatenate(parts) for trait, parts in self._columns.items()}
        joined, _ = self._names.derived(lambda name: name.replace(" ", ""))
        sounds, _ = self._names.derived(lambda name: sound(name.replace(" ", "")))
        birth, used = made[Trait.BIRTH_NAME], made[Trait.USED_NAME]
        return Columns(
            size=len(birth),
            lefts=lefts,
            two=two,
            names=self._names,
            joined=joined,
            sounds=sounds,
            birth_name=np.where(birth == ABSENT, used, birth),
            used_name=np.where(used == birth, ABSENT, np.where(birth == ABSENT, ABSENT, used)),
            first_names=made[Trait.FIRST_NAMES],
            dates=self._lists[Trait.BIRTH_DATE],
            birth_date=made[Trait.BIRTH_DATE],
            sex=made[Trait.SEX],
            places=self._lists[Trait.BIRTH_PLACE],
            birth_place=made[Trait.BIRTH_PLACE],
            postcodes=self._lists[Trait.POSTCODE],
            postcode=made[Trait.POSTCODE],
            phones=self._lists[Trait.PHONE],
            phone=made[Trait.PHONE],
            numbers=self._lists[Trait.INS],
            ins=made[Trait.INS],
        )


def _postcodes(column: Iterable[str]) -> Callable[[str], str]:
    """Where most postal codes have five digits, one of four has lost its zero to a spreadsheet."""
    four = five = 0
    for text in column:
        said = normalise.postcode(text)
        four += len(said) == 4 and said.isdigit()
        five += len(said) == 5 and said.isdigit()
    if five <= four:
        return normalise.postcode

    def padded(text: str) -> str:
        said = normalise.postcode(text)
        return f"0{said}" if len(said) == 4 and said.isdigit() else said

    return padded


def taken(lookup: Ints, codes: Ints) -> Ints:
    """What `lookup` says of each code; ABSENT where there is none."""
    if not len(lookup):
        return np.full(len(codes), ABSENT, dtype=np.int64)
    return np.where(codes >= 0, lookup[codes], ABSENT)
