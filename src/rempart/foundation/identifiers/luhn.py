"""The Luhn key (ISO/IEC 7812-1, annex B), as FINESS, RPPS, ADELI, SIREN and LOINC use it.

python-stdnum has it too; this one works on ASCII digits only and costs a fraction of a microsecond,
because a laboratory's message asks for it several times.
"""

from __future__ import annotations

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_DIGITS = frozenset("0123456789")


def total(digits: str) -> int:
    """The Luhn sum modulo 10 of a number that carries its key as last digit; 0 when it is right.

    Raises ValueError when a character is not an ASCII digit.
    """
    if not _DIGITS.issuperset(digits):
        raise ValueError("only the digits 0 to 9 have a Luhn key")
    values = [ord(c) - 48 for c in reversed(digits)]
    return (sum(values[0::2]) + sum([_DOUBLED[v] for v in values[1::2]])) % 10


def is_valid(digits: str) -> bool:
    """Whether the last digit is the Luhn key of those before it; False for empty or other text."""
    return len(digits) > 1 and _DIGITS.issuperset(digits) and total(digits) == 0


def key(body: str) -> str:
    """The digit that completes `body` (digits without key)."""
    return str((10 - total(body + "0")) % 10)
