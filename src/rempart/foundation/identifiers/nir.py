"""NIR (numéro d'inscription au répertoire) and NIA (its waiting form), fifteen characters.

    1      sex: 1 man, 2 woman; 3, 4 while being registered; 7, 8 temporary (NIA)
    2-3    year of birth, two digits
    4-5    month of birth 01-12; 20, 30-42 and 50-99 when unknown or fictive
    6-7    department of birth: 01-95, 2A, 2B, 96 former protectorates, 99 abroad;
           97 and 98 with one more digit overseas, which leaves two to the commune
    8-10   commune, or country when abroad
    11-13  order
    14-15  key: 97 minus the first thirteen modulo 97, with 2A read 19 and 2B read 18

python-stdnum's `fr.nir` checks length, digits and key only, and lets sex 0, month 13 and a number of
zeros through; here every component is read. The keys of the two are compared in the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

_SHAPE = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{6}(?:[0-9]{2})?", re.ASCII)
_SEPARATORS = str.maketrans("", "", " .-\t\u00a0\u202f")
_SPECIAL_MONTHS = frozenset({20, *range(30, 43), *range(50, 100)})
_MONTHS = frozenset(f"{m:02d}" for m in range(1, 13))
_KNOWN_MONTHS = _MONTHS | {f"{m:02d}" for m in _SPECIAL_MONTHS}
_DEPARTMENTS = frozenset({*(f"{d:02d}" for d in range(1, 97)), "2A", "2B", "99"})
_OVERSEAS = frozenset({*(f"97{d}" for d in range(1, 9)), *(f"98{d}" for d in range(4, 10))})
_SEXES = {"1": "M", "2": "F", "3": "M", "4": "F", "7": "M", "8": "F"}


class NirFault(StrEnum):
    """What can be wrong in a NIR, in the order of its parts."""

    SHAPE = "shape"  # neither 13 nor 15 characters, or a character that has no place there
    SEX = "sex"
    MONTH = "month"
    DEPARTMENT = "department"
    COMMUNE = "commune"
    ORDER = "order"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nir:
    """A NIR or NIA as read. With the fault SHAPE, every part is empty."""

    body: str  # the 13 characters before the key
    given_key: str  # "" when only 13 characters were given
    faults: tuple[NirFault, ...]

    @property
    def key(self) -> str:
        """The right key, computed."""
        return key_of(self.body) if self.body else ""

    @property
    def sex(self) -> str:
        """ "M", "F", or "" when the first digit means nothing."""
        return _SEXES.get(self.body[:1], "")

    @property
    def temporary(self) -> bool:
        """Whether it is a waiting number (NIA)."""
        return self.body[:1] in ("7", "8")

    @property
    def year(self) -> str:
        """Two digits: the century is not in the number."""
        return self.body[1:3]

    @property
    def month(self) -> str:
        """Two digits, special ones included."""
        return self.body[3:5]

    @property
    def department(self) -> str:
        """ "75", "2A", "971", "99"."""
        return self.body[5:8] if _is_overseas(self.body) else self.body[5:7]

    @property
    def commune(self) -> str:
        """Three digits, two overseas; the country when the department is 99."""
        return self.body[8:10] if _is_overseas(self.body) else self.body[7:10]

    @property
    def order(self) -> str:
        return self.body[10:13]

    @property
    def valid(self) -> bool:
        return not self.faults

    @property
    def number(self) -> str:
        """Fifteen characters with the right key; empty when the shape is wrong."""
        return self.body + self.key

    @property
    def birth_place(self) -> str:
        """INSEE (COG) code of the place of birth: "75111", "2A004", "97105", "99351"."""
        return self.department + self.commune

    @property
    def month_is_real(self) -> bool:
        """False when the month is one of those used for an unknown or fictive date."""
        return self.body[3:5] in _MONTHS

    def agrees_with_birth(self, born: date) -> bool:
        """Whether year and (when it is a real one) month are those of a date of birth."""
        if int(self.body[1:3]) != born.year % 100:
            return False
        return not self.month_is_real or int(self.body[3:5]) == born.month


_UNREADABLE = Nir(body="", given_key="", faults=(NirFault.SHAPE,))


def normalise(text: str) -> str:
    """Upper case, without the spaces, dots and hyphens people write in it."""
    return text.translate(_SEPARATORS).upper()


def key_of(body: str) -> str:
    """The two-digit key of the first thirteen characters (ValueError when they are not a NIR's)."""
    if body[5:7] == "2A":
        body = body[:5] + "19" + body[7:]
    elif body[5:7] == "2B":
        body = body[:5] + "18" + body[7:]
    return f"{97 - int(body) % 97:02d}"


@lru_cache(maxsize=256)  # of some messages: whoever decodes, judges and keeps them reads the same numbers
def parse(text: str) -> Nir:
    """Read a NIR or NIA, with or without its key, and say everything that is wrong with it.

    Never raises. A missing key is no fault: `key` holds the computed one, `given_key` is empty.
    """
    number = text if text.isdigit() else normalise(text)
    if not _SHAPE.fullmatch(number):
        return _UNREADABLE
    body, given_key = number[:13], number[13:]
    faults: list[NirFault] = []
    if body[0] not in _SEXES:
        faults.append(NirFault.SEX)
    if body[3:5] not in _KNOWN_MONTHS:
        faults.append(NirFault.MONTH)
    overseas = _is_overseas(body)
    if (body[5:8] not in _OVERSEAS) if overseas else (body[5:7] not in _DEPARTMENTS):
        faults.append(NirFault.DEPARTMENT)
    if not body[8 if overseas else 7 : 10].strip("0"):
        faults.append(NirFault.COMMUNE)
    if body[10:13] == "000":
        faults.append(NirFault.ORDER)
    if given_key and given_key != key_of(body):
        faults.append(NirFault.KEY)
    return Nir(body=body, given_key=given_key, faults=tuple(faults))


def _is_overseas(body: str) -> bool:
    """Whether the department takes three characters."""
    return body[5:7] in ("97", "98")


def is_valid(text: str) -> bool:
    """Whether the text is a whole NIR or NIA, key included, without any fault."""
    read = parse(text)
    return read.valid and bool(read.given_key)
