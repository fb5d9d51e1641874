"""What two records are compared by: the traits of a person, any of which may be absent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trait(StrEnum):
    """What a column of a file may say of a person."""

    BIRTH_NAME = "birth_name"
    USED_NAME = "used_name"
    FIRST_NAMES = "first_names"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    BIRTH_PLACE = "birth_place"
    POSTCODE = "postcode"
    PHONE = "phone"
    INS = "ins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Traits as somebody wrote them; empty means not given.

    `first_names`: one or several, between spaces, commas or hyphens. `birth_date`: any usual way of writing
    one. `birth_place`: a name, or INSEE's code. `phone`: a telephone number; what holds an @ is compared as an
    e-mail address. `ins`: the matricule, or whatever number the file has in its place.
    """

    birth_name: str = ""
    used_name: str = ""
    first_names: str = ""
    birth_date: str = ""
    sex: str = ""
    birth_place: str = ""
    postcode: str = ""
    phone: str = ""
    ins: str = ""


class Feature(StrEnum):
    """What is compared of a pair of records: both family names are one, and the order of names is another."""

    FAMILY_NAME = "family_name"
    FIRST_NAMES = "first_names"
    NAME_ORDER = "name_order"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    BIRTH_PLACE = "birth_place"
    POSTCODE = "postcode"
    PHONE = "phone"
    INS = "ins"


class Level(StrEnum):
    """How far two values agree."""

    EXACT = "exact"  # the same once written alike: letters A-Z, digits
    SOUNDS = "sounds-alike"  # the same French phonetic key
    TYPO = "one-letter-off"  # one letter added, left out, replaced, or two neighbours exchanged
    OTHER_NAME = "other-name"  # the birth name of one is the used name of the other, or only used names agree
    PART = "part"  # every word of one is a word of the other: compound names, several first names
    BEGINS = "begins"  # one begins the other: an initial, a short form
    SIMILAR = "similar"  # Jaro-Winkler 0.85 or more, or a word in common
    SWAPPED = "day-month-swapped"
    CLOSE = "close"  # two digits off, or two of day, month and year agree
    YEAR = "year"  # the year agrees, or all that both say
    AREA = "area"  # the same department, district, or beginning
    STRAIGHT = "straight"  # each name agrees best with the name of its own kind
    INVERTED = "inverted"  # the first name of each is the family name of the other
    DIFFERENT = "different"


LEVELS: dict[Feature, tuple[Level, ...]] = {
    Feature.FAMILY_NAME: (
        Level.EXACT, Level.SOUNDS, Level.TYPO, Level.OTHER_NAME, Level.PART, Level.BEGINS, Level.SIMILAR,
        Level.DIFFERENT,
    ),
    Feature.FIRST_NAMES: (
        Level.EXACT, Level.SOUNDS, Level.TYPO, Level.PART, Level.BEGINS, Level.SIMILAR, Level.DIFFERENT,
    ),
    Feature.NAME_ORDER: (Level.STRAIGHT, Level.INVERTED),
    Feature.BIRTH_DATE: (
        Level.EXACT, Level.SWAPPED, Level.TYPO, Level.CLOSE, Level.YEAR, Level.DIFFERENT,
    ),
    Feature.SEX: (Level.EXACT, Level.DIFFERENT),
    Feature.BIRTH_PLACE: (Level.EXACT, Level.TYPO, Level.PART, Level.SIMILAR, Level.AREA, Level.DIFFERENT),
    Feature.POSTCODE: (Level.EXACT, Level.TYPO, Level.AREA, Level.DIFFERENT),
    Feature.PHONE: (Level.EXACT, Level.TYPO, Level.SIMILAR, Level.DIFFERENT),
    Feature.INS: (Level.EXACT, Level.TYPO, Level.DIFFERENT),
}  # fmt: skip
"""The levels of each feature, from what agrees most to what agrees least."""

FEATURES = tuple(LEVELS)

TOGETHER = (
    ((Feature.BIRTH_PLACE, Level.SIMILAR), (Feature.POSTCODE, Level.AREA)),
    ((Feature.FIRST_NAMES, Level.PART), (Feature.SEX, Level.EXACT)),
)
"""Features on which two strangers agree together more often than by chance: who agrees on one, up to that level,
agrees on the other. People live where they were born; a first name says the sex."""


def level_place(feature: Feature, level: Level) -> int:
    """Where a level stands among those of its feature."""
    return LEVELS[feature].index(level)
