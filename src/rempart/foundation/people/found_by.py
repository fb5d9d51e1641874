"""What an identity is found by: the values whose digests are kept, whoever computes them and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rempart.foundation.identifiers import nir
from rempart.foundation.people.rules import canonical_traits, name_and_birth
from rempart.foundation.terminology.values import Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBy:
    """One value for each blind index of an identity; empty where it gives nothing to find it by."""

    ins: str  # a valid matricule, for search
    name_birth: str
    used_name_birth: str  # empty also where it is the same as by birth name
    person_ins: str  # matricule and birth date, for matching
    person_traits: str  # the four strict traits, for matching


def found_by(
    *,
    birth_name: str,
    used_name: str,
    first_names: tuple[str, ...],
    sex: str,
    birth_date: date | None,
    ins: str,
) -> FoundBy:
    """The values of an identity as it was received. `sex`: F, M, U or, as U, nothing."""
    family = birth_name or used_name
    matricule = nir.parse(ins) if ins else None
    number = matricule.number if matricule and matricule.valid else ""
    by_name = name_and_birth(family, birth_date)
    by_used_name = by_name if used_name == family else name_and_birth(used_name, birth_date)
    return FoundBy(
        ins=number,
        name_birth=by_name,
        used_name_birth=by_used_name if by_used_name != by_name else "",
        person_ins=f"{number}|{birth_date.isoformat()}" if number and birth_date else "",
        person_traits=canonical_traits(
            birth_name=family,
            first_name=first_names[0] if first_names else "",
            birth_date=birth_date,
            sex=sex or Sex.UNKNOWN.value,
        ),
    )
