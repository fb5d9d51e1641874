"""Whether a record is that of somebody whose identity the State vouches for: the five strict traits, or nothing.

Birth name, first given name, birth date, sex and place of birth must all be equal: by equality of letters, never
by likeness. Four of them are shared by homonyms. The place is the record's own, else the one in its matricule; a
record with neither proves nothing and is left aside. Two places under the same four traits are two persons, or
an error: nobody may be guessed. Source: INS reference (the strict traits); the rest is our decision,
docs/decisions/021-openid.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.rules import canonical_traits

_INSEE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_CORSICA = re.compile(r"2[AB]")
_DEPARTMENTS_SINCE = 1968  # those of the Paris region; Algeria's ended in 1962


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """The five strict traits; `birth_place` is INSEE's code of the commune, of the country abroad."""

    birth_name: str
    first_name: str
    birth_date: date
    sex: str  # "F" or "M"
    birth_place: str

    @property
    def traits(self) -> str:
        """The four traits by which persons are matched, as they are indexed."""
        return canonical_traits(
            birth_name=self.birth_name,
            first_name=self.first_name,
            birth_date=self.birth_date,
            sex=self.sex,
        )


class Agreement(StrEnum):
    """How a record stands to a citizen."""

    SAME = "same"  # the five traits are equal
    ELSEWHERE = "elsewhere"  # four are, and the place is another
    UNPROVEN = "unproven"  # four are, and the record has no place
    OTHER = "other"


def agreement(citizen: Citizen, record: IdentityRecord) -> Agreement:
    """Compare one record. Never raises."""
    written = canonical_traits(
        birth_name=record.birth_name or record.used_name,
        first_name=record.first_names[0] if record.first_names else "",
        birth_date=record.birth_date,
        sex=record.sex,
    )
    if not written or written != citizen.traits:
        return Agreement.OTHER
    place = _place(record.birth_place) or _place_in_number(record)
    if not place:
        return Agreement.UNPROVEN
    return Agreement.SAME if place == _place(citizen.birth_place) else Agreement.ELSEWHERE


def proven(citizen: Citizen, records: Iterable[IdentityRecord]) -> tuple[UUID, ...] | None:
    """Which records of one person are certainly the citizen's; None when one of them is born elsewhere."""
    found = [(record.id, agreement(citizen, record)) for record in records]
    if any(how is Agreement.ELSEWHERE for _, how in found):
        return None
    return tuple(key for key, how in found if how is Agreement.SAME)


def _place(text: str) -> str:
    """A place as it is compared: INSEE's five characters, Corsica as it was written until 1976; else ""."""
    code = text.strip().upper()
    return _CORSICA.sub("20", code, count=1) if _INSEE.fullmatch(code) else ""


def _place_in_number(record: IdentityRecord) -> str:
    """The place in the record's matricule: only of a number that is the person's own (a child may carry a
    parent's), and not of one from before 1968, whose departments were divided or left France since."""
    number = nir.parse(record.ins) if record.ins else None
    born = record.birth_date
    if (
        number is None
        or not number.valid
        or number.temporary
        or born is None
        or born.year < _DEPARTMENTS_SINCE
    ):
        return ""
    own = number.sex == record.sex and number.agrees_with_birth(born)
    return _place(number.birth_place) if own else ""
