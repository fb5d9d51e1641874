"""FINESS, the number of a health establishment: nine characters, the last one a Luhn key.

Two characters for the department (2A and 2B in Corsica, 97 and 98 overseas), six, and the key; for
the key A is read 1 and B is read 2 (held by every Corsican number published). The juridical entity
and the geographic establishment share the form. Overseas, the two characters after 97 or 98 tell
the territory: 9701… Guadeloupe to 9704… Réunion, 9805… Mayotte, 9806… Wallis-et-Futuna.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rempart.foundation.identifiers import luhn

_SHAPE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_AS_DIGITS = str.maketrans("AB", "12")
_DEPARTMENTS = frozenset({*(f"{d:02d}" for d in range(1, 96) if d != 20), "2A", "2B"})
_OVERSEAS = {
    "9701": "971",
    "9702": "972",
    "9703": "973",
    "9704": "974",
    "9705": "975",
    "9805": "976",
    "9806": "986",
    "9807": "987",
    "9808": "988",
}


class FinessFault(StrEnum):
    """What can be wrong in a FINESS number."""

    SHAPE = "shape"
    DEPARTMENT = "department"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finess:
    """A FINESS number as read; `department` is INSEE's code, empty when it cannot be told."""

    number: str
    department: str
    faults: tuple[FinessFault, ...]

    @property
    def valid(self) -> bool:
        return not self.faults


def normalise(text: str) -> str:
    """Upper case, without the spaces people write in it."""
    return text.replace(" ", "").upper()


def key_of(body: str) -> str:
    """The Luhn key of the first eight characters (A read 1, B read 2)."""
    return luhn.key(body.translate(_AS_DIGITS))


@lru_cache(maxsize=16_384)
def parse(text: str) -> Finess:
    """Read a FINESS number and say everything that is wrong with it. Never raises."""
    number = normalise(text)
    if not _SHAPE.fullmatch(number):
        return Finess(number=number, department="", faults=(FinessFault.SHAPE,))
    faults: list[FinessFault] = []
    department = _department(number)
    if not department:
        faults.append(FinessFault.DEPARTMENT)
    if not luhn.is_valid(number.translate(_AS_DIGITS)):
        faults.append(FinessFault.KEY)
    return Finess(number=number, department=department, faults=tuple(faults))


def is_valid(text: str) -> bool:
    """Whether the text is a FINESS number of a known department with the right key."""
    return parse(text).valid


def _department(number: str) -> str:
    if number[:2] in ("97", "98"):
        if number[2] == "0":
            return _OVERSEAS.get(number[:4], "")
        # Numbers made before or outside the register put INSEE's three digits there.
        return number[:3] if number[:3] in _OVERSEAS.values() else ""
    return number[:2] if number[:2] in _DEPARTMENTS else ""
