"""Reserved codes: items of annex 1 for which a format has no field (MINSANTE n°101; docs/guides/laboratory.md).

They travel as observations: RES lines of HPRIM Médecin, OBX segments of HPRIM Santé. The codes are the platform's own
(docs/decisions/034-annex-1.md). Answers to questions have their codes in the terminology (data/questions.toml).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from rempart.foundation.identifiers import ins
from rempart.screening.formats.emails import one_address
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.rules.report import Person, Practitioner

LONGEST = 256  # characters of a value


class Supplement(StrEnum):
    """What a reserved code brings."""

    SEX = "SIDEP-SEXE"
    BIRTH_NAME = "SIDEP-NOMNAISS"
    BIRTH_PLACE = "SIDEP-LIEUNAISS"
    INS = "SIDEP-INS"  # the matricule with the OID of its authority: 279035121518989,1.2.250.1.213.1.4.10
    INSURED = "SIDEP-NUMASSURE"
    PHONE = "SIDEP-FIXE"
    MOBILE = "SIDEP-MOBILE"
    EMAIL = "SIDEP-EMAIL"
    RELATIVE_MOBILE = "SIDEP-MOBILEPROCHE"
    RELATIVE_EMAIL = "SIDEP-EMAILPROCHE"
    SAMPLED_AT = "SIDEP-PRELDT"
    VALIDATED_AT = "SIDEP-VALIDDT"
    SCREENED_AT = "SIDEP-CRIBDT"
    PRESCRIBER = "SIDEP-RPPSPRESC"
    PRESCRIBER_ADELI = "SIDEP-ADELIPRESC"
    ATTENDING = "SIDEP-RPPSMT"
    ATTENDING_ADELI = "SIDEP-ADELIMT"
    SPECIMEN = "SIDEP-PRELTYPE"
    DEVICE = "SIDEP-DISPOSITIF"


CODES: Mapping[str, Supplement] = {one.value: one for one in Supplement}


_OID = re.compile(r"1\.2\.250\.1\.213\.1\.4\.[0-9]{1,2}", re.ASCII)


def ins_authority(text: str) -> str:
    """The OID of the INS authority that stands in a text; "" for none, and for one that assigns no INS."""
    found = _OID.search(text)
    known = ins.authority(found[0]) if found is not None else None
    return known.value if known is not None else ""


class Supplements(dict[Supplement, str]):
    """The reserved codes of one message, "" for those it has not; the first of each counts."""

    __slots__ = ()

    def add(self, kind: Supplement, value: str) -> None:
        """Take a value, unless its code was there before."""
        self.setdefault(kind, value[:LONGEST].strip())

    def __missing__(self, kind: Supplement) -> str:
        return ""

    def ins(self) -> tuple[str, str]:
        """(matricule, OID of its authority): the two parts of one value."""
        number, _, rest = self[Supplement.INS].partition(",")
        return number.replace(" ", "").upper(), ins_authority(rest)

    def relative(self, person: Person) -> Person:
        """The person with a relative's mobile and e-mail, where there is neither of his own (items 1.3.2 and 1.3.3)."""
        mobile, email = self[Supplement.RELATIVE_MOBILE], one_address(self[Supplement.RELATIVE_EMAIL])
        if person.mobile or person.email or not (mobile or email):
            return person
        return replace(person, relative_mobile=mobile, relative_email=email)

    def practitioner(self, by_rpps: Supplement, by_adeli: Supplement) -> Practitioner:
        """The doctor of two codes: his RPPS number and, where he has none, his ADELI one."""
        return practitioner_of(self[by_rpps] or self[by_adeli], "", national=True)
