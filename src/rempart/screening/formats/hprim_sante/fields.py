"""HPRIM Santé, the data types that a report is made of: P, AD, PN, CNA, HD.

Fields by their number after the segment's name, in versions 2.1 to 2.4.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rempart.foundation.identifiers import finess, rpps
from rempart.screening.formats.dates import hl7_date
from rempart.screening.formats.delimited import Lexis, Segment
from rempart.screening.formats.emails import of_the_person
from rempart.screening.formats.names import first_names
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.formats.supplements import Supplement, Supplements, ins_authority
from rempart.screening.formats.telephones import is_mobile
from rempart.screening.rules.report import Address, Laboratory, Person, Practitioner, Sex

_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "": None}
_FINESS_SHAPE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_MATRICULE_LENGTH = 15  # the 22 characters of an INS-C and the number of an INS-A are none
_NOBODY = Practitioner()


def person(p: Segment, supplements: Supplements, *, has_ins: bool) -> Person:
    """The person of a P segment; what the format has no field for comes from reserved codes.

    `has_ins`: the version gives P-11 to the INS (since 2.3).
    """
    surname, given, others = p.text(5), p.text(5, 2), p.text(5, 3)
    birth_name = p.text(6) or supplements[Supplement.BIRTH_NAME]
    matricule, authority = _ins(p, supplements, has_ins=has_ins)
    phone, mobile, email = _contacts(p)
    person = Person(
        birth_name=birth_name or surname,
        used_name=surname if birth_name and surname != birth_name else "",
        first_names=first_names(given, others),
        sex=_SEXES.get(p.text(8).upper(), Sex.UNKNOWN),
        birth_date=hl7_date(p.text(7)),
        birth_place=supplements[Supplement.BIRTH_PLACE],
        ins=matricule,
        ins_authority=authority,
        insured_number=supplements[Supplement.INSURED].replace(" ", ""),
        local_id=p.text(2),
        address=_address(p),
        phone=phone or supplements[Supplement.PHONE],
        mobile=mobile or supplements[Supplement.MOBILE],
        email=email or of_the_person(supplements[Supplement.EMAIL]),
    )
    return supplements.relative(person)


def _ins(p: Segment, supplements: Supplements, *, has_ins: bool) -> tuple[str, str]:
    """(matricule, OID of its authority) from P-11: number, type, date, and the OID wherever it stands.

    A type alone (NIR, INS-NIR) names no authority: what it does not say is not invented. Identifiers of the
    years before the matricule (INS-C, INS-A) are not read.
    """
    if has_ins and p.raw(11):
        for parts in p.repetitions(11):
            number = p.lexis.read(parts[0]).replace(" ", "").upper()
            if len(number) == _MATRICULE_LENGTH:
                return number, ins_authority(p.brief(11))
    return supplements.ins()


def _contacts(p: Segment) -> tuple[str, str, str]:
    """(fixed line, mobile, e-mail) from P-12, where senders put all three."""
    phone = mobile = email = ""
    read = p.lexis.read
    for parts in p.repetitions(12):
        for text in map(read, filter(None, parts)):
            if "@" in text:
                email = email or of_the_person(text)
            elif is_mobile(text):
                mobile = mobile or text
            elif any(map(str.isdigit, text)):
                phone = phone or text
    return phone, mobile, email


def _address(p: Segment) -> Address:
    """P-10: two lines, city, state, postal code, country."""
    repetitions = p.repetitions(10)
    if not repetitions:
        return Address()
    one, two, city, _, postal_code, country = map(p.lexis.read, repetitions[0][:6])
    return Address(
        lines=tuple(line for line in (one, two) if line), postal_code=postal_code, city=city, country=country
    )


@lru_cache(maxsize=16_384)
def laboratory(field: str, lexis: Lexis) -> Laboratory:
    """H-4, code and name: who sends, and answers for the results."""
    parts = field.split(lexis.repetition, 1)[0].split(lexis.component)
    code = lexis.read(parts[0])
    name = lexis.read(parts[1]) if len(parts) > 1 else ""
    number = finess.normalise(rpps.finess_of(code))
    if _FINESS_SHAPE.fullmatch(number):
        return Laboratory(finess=number, name=name)
    return Laboratory(name=name or code)


@lru_cache(maxsize=16_384)
def practitioner(field: str, lexis: Lexis) -> Practitioner:
    """The first doctor of a CNA field, or of a PRE one, whose first component is a CNA.

    CNA: number, name (surname and first name as sub-components), type. Inside a PRE its pieces are
    sub-components. Before RPPS numbers, doctors were known by ADELI ones: nine characters with the right key.
    """
    if not field:
        return _NOBODY
    read, cut = lexis.read, lexis.subcomponent
    parts = field.split(lexis.repetition, 1)[0].split(lexis.component)
    if cut in parts[0]:
        number, *names = parts[0].split(cut)
    else:
        number = parts[0]
        names = parts[1].split(cut) if len(parts) > 1 else []
    name = " ".join(filter(None, map(read, names[:2])))
    return practitioner_of(read(number), name, adeli=True)
