"""INS, the national health identity: a matricule (NIR or NIA) and the authority that assigned it.

The identity is complete only with the five strict traits (birth name, first names, sex, date and
place of birth); here are the matricule, its authority, and whether it agrees with sex and birth.
Object identifiers: ANS, structuration minimale (the four first are those its schematron names).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from rempart.foundation.identifiers import nir


class Authority(StrEnum):
    """Assigning authorities, by object identifier."""

    NIR = "1.2.250.1.213.1.4.8"
    NIA = "1.2.250.1.213.1.4.9"
    TEST = "1.2.250.1.213.1.4.10"
    DEMO = "1.2.250.1.213.1.4.11"

    @property
    def in_production(self) -> bool:
        """Whether it assigns the identities of real persons."""
        return self in _OF_REAL_PERSONS


_OF_REAL_PERSONS = (Authority.NIR, Authority.NIA)
# The names HL7 v2 senders write in PID-3.4.1 beside, or instead of, the object identifier.
_NAMES = {"ASIP-SANTE-INS-NIR": Authority.NIR, "ASIP-SANTE-INS-NIA": Authority.NIA}
_BY_OID = {authority.value: authority for authority in Authority}


@lru_cache(maxsize=4_096)
def authority(oid: str, name: str = "") -> Authority | None:
    """The authority of an object identifier, or of an HL7 authority name when there is none.

    The object identifier wins: test identities carry the name of the real authority. Spaces inside
    the name are ignored (ANS samples have `ASIP-SANTE- PS`). None when it is not an INS authority.
    """
    if oid:
        return _BY_OID.get(oid.strip().removeprefix("urn:oid:"))
    return _NAMES.get(name.replace(" ", "").upper())


class InsFault(StrEnum):
    """What can be wrong between a matricule, its authority and the traits beside it."""

    MATRICULE = "matricule"  # the number itself, see `Ins.matricule.faults`
    AUTHORITY = "authority"  # a waiting number under the NIR authority, or the contrary
    SEX = "sex"  # not the sex written beside
    BIRTH = "birth"  # not the year or month of birth written beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Ins:
    """A matricule with its authority (None when not given or not one of INS) and the faults found."""

    matricule: nir.Nir
    authority: Authority | None
    faults: tuple[InsFault, ...]


def parse(number: str, *, oid: str = "", name: str = "", sex: str = "", born: date | None = None) -> Ins:
    """Read a matricule and compare it with its authority and with the traits that are given.

    `sex` is "M" or "F" (anything else is not compared). Never raises.
    """
    matricule = nir.parse(number)
    assigned_by = authority(oid, name)
    faults: list[InsFault] = []
    if not matricule.valid:
        faults.append(InsFault.MATRICULE)
    if matricule.body:
        if assigned_by is not None and assigned_by.in_production:
            waiting = assigned_by is Authority.NIA
            if waiting != matricule.temporary:
                faults.append(InsFault.AUTHORITY)
        if sex in ("M", "F") and matricule.sex and sex != matricule.sex:
            faults.append(InsFault.SEX)
        if born is not None and not matricule.agrees_with_birth(born):
            faults.append(InsFault.BIRTH)
    return Ins(matricule=matricule, authority=assigned_by, faults=tuple(faults))
