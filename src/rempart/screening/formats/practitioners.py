"""Doctors as messages name them: a number, and whose number it is."""

from __future__ import annotations

from functools import lru_cache

from rempart.foundation.identifiers import rpps
from rempart.screening.rules.report import Practitioner

_NOBODY = Practitioner()
_RPPS_DIGITS = 11


@lru_cache(maxsize=4_096)
def practitioner_of(number: str, name: str, *, national: bool = False, adeli: bool = False) -> Practitioner:
    """The practitioner of a number, prefixed or bare, and of a name.

    `national`: the sender says that it is a national number, which is kept even when it looks wrong, so that the
    rules can say so; `adeli`: it is an ADELI number where it can be one. Other numbers are left out: they are the
    sender's own.
    """
    bare = rpps.rpps_of(number)
    prefixed = bare != number.replace(" ", "").upper()
    if len(bare) == _RPPS_DIGITS and bare.isdigit():
        return Practitioner(rpps=bare, name=name)
    if (adeli or national or prefixed) and rpps.is_adeli(bare):
        return Practitioner(adeli=bare, name=name)
    if national and bare:
        return Practitioner(rpps=bare, name=name)
    return Practitioner(name=name) if name else _NOBODY
