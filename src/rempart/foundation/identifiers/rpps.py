"""Health professionals: RPPS, ADELI, and the national identifiers that prefix them.

RPPS: eleven digits, the last a Luhn key. ADELI: nine characters (department, profession, order,
key), the key a Luhn one with A read 1 and B read 2. The national identifiers put one digit before:
for a person (object identifier 1.2.250.1.71.4.2.1) 0 ADELI, 8 RPPS, 1 and 3 to 6 numbers internal
to an establishment; for a structure (1.2.250.1.71.4.2.2) 0 ADELI of the practice, 1 FINESS,
2 SIREN, 3 SIRET, 4 RPPS and rank (ANS, PSIdNat and StructIdNat of the EEDS specification).
"""

from __future__ import annotations

import re
from functools import lru_cache

from rempart.foundation.identifiers import luhn

PERSON_OID = "1.2.250.1.71.4.2.1"
STRUCTURE_OID = "1.2.250.1.71.4.2.2"

_RPPS = re.compile(r"[0-9]{11}", re.ASCII)
_ADELI = re.compile(r"[0-9][0-9AB][0-9A-Z][0-9]{6}", re.ASCII)
_FINESS = re.compile(r"[0-9][0-9AB][0-9]{7}", re.ASCII)
_AS_DIGITS = str.maketrans("AB", "12")


@lru_cache(maxsize=65_536)
def is_rpps(number: str) -> bool:
    """Whether the text is an RPPS number with the right key (no prefix, no spaces)."""
    return bool(_RPPS.fullmatch(number)) and luhn.is_valid(number)


@lru_cache(maxsize=16_384)
def is_adeli(number: str) -> bool:
    """Whether the text is an ADELI number with the right key; a letter other than A or B has none."""
    return bool(_ADELI.fullmatch(number)) and luhn.is_valid(number.translate(_AS_DIGITS))


def rpps_of(number: str) -> str:
    """The RPPS or ADELI inside a national identifier of a person, else the text without spaces.

    The prefix is taken off only where the length leaves no doubt (8 and eleven digits, 0 and nine
    characters): senders also write bare and over-long numbers, which the caller then judges.
    """
    number = number.replace(" ", "").upper()
    if len(number) == 12 and number[0] == "8" and _RPPS.fullmatch(number, 1):
        return number[1:]
    if len(number) == 10 and number[0] == "0" and _ADELI.fullmatch(number, 1):
        return number[1:]
    return number


def finess_of(number: str) -> str:
    """The FINESS inside a national identifier of a structure (1 and nine), else the text as it is."""
    number = number.replace(" ", "").upper()
    if len(number) == 10 and number[0] == "1" and _FINESS.fullmatch(number, 1):
        return number[1:]
    return number


def is_professional(number: str) -> bool:
    """Whether the text is an RPPS or an ADELI, bare or prefixed, with the right key."""
    bare = rpps_of(number)
    return is_rpps(bare) or is_adeli(bare)
