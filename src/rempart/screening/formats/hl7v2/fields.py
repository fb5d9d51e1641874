"""HL7 v2, the data types that a report is made of: names, addresses, numbers to call, practitioners.

XPN, XAD, XTN, CX, XCN, XON of v2.5.1 chapter 2A; French use after the ANS volet "Transmission d'un document
CDA-R2 en HL7 v2".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rempart.foundation.identifiers import finess, ins, rpps
from rempart.screening.formats.dates import hl7_date
from rempart.screening.formats.delimited import LONGEST_REMEMBERED, Lexis, Segment
from rempart.screening.formats.emails import one_address
from rempart.screening.formats.names import first_names
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.formats.telephones import is_mobile
from rempart.screening.rules.report import Address, Laboratory, Person, Practitioner, Sex

_BIRTH_NAME_TYPES = frozenset({"L", "B", "N", "M", "U", ""})  # legal, birth, maiden; unspecified
_USED_NAME_TYPES = frozenset({"D", "A", "S"})  # display, alias, coded
_INSURED_TYPES = frozenset({"NH", "SNS", "SS"})
_INS_TYPES = frozenset({"INS", "INS-NIR", "INS-NIA", "INS-C"})
_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "": None}
_FINESS_SHAPE = re.compile(r"1?(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_NO_RELATIVES = frozenset({"E", "F", "I", "S"})  # NK1-7, table 0131: employer, agencies, insurance
_NOBODY = Practitioner()
_NOWHERE = Address()
_LONGEST_AUTHORITY = 100  # characters


def person(pid: Segment, relatives: Sequence[Segment] = ()) -> Person:
    """The person of a PID; what it leaves out is empty. A relative of NK1 is asked only where the person has neither
    mobile nor e-mail (items 1.3.2 and 1.3.3)."""
    birth_name, used_name, given = _names(pid.repetitions(5), pid.lexis)
    matricule, authority, insured, local = _numbers(pid.repetitions(3), pid.lexis)
    address, birth_place = _addresses(pid.repetitions(11), pid.lexis)
    phone, mobile, email = contacts(pid, 13, 14)
    relative_mobile, relative_email = ("", "") if mobile or email else _relative(relatives)
    return Person(
        birth_name=birth_name,
        used_name=used_name,
        first_names=given,
        sex=_SEXES.get(pid.text(8).upper(), Sex.UNKNOWN),
        birth_date=hl7_date(pid.text(7)),
        birth_place=birth_place,
        ins=matricule,
        ins_authority=authority,
        insured_number=insured,
        local_id=local,
        address=address,
        phone=phone,
        mobile=mobile,
        email=email,
        relative_mobile=relative_mobile,
        relative_email=relative_email,
    )


def _relative(relatives: Sequence[Segment]) -> tuple[str, str]:
    """(mobile, e-mail) of the first relatives who have one; whoever employs or insures the person is none."""
    mobile = email = ""
    for nk1 in relatives:
        if nk1.text(7).upper() not in _NO_RELATIVES:
            _, number, address = contacts(nk1, 5, 6)
            mobile, email = mobile or number, email or address
    return mobile, email


def _names(repetitions: list[list[str]], lexis: Lexis) -> tuple[str, str, tuple[str, ...]]:
    """Birth name, used name and first names (XPN); the birth identity's first names win."""
    birth = used = ""
    first: tuple[str, ...] = ()
    for parts in repetitions:
        family = parts[0]
        if lexis.subcomponent in family:
            family = family.split(lexis.subcomponent, 1)[0]
        family = lexis.read(family)
        kind = parts[6].upper()
        if kind in _USED_NAME_TYPES:
            used = used or family
            first = first or first_names(lexis.read(parts[1]), lexis.read(parts[2]))
        elif not birth and kind in _BIRTH_NAME_TYPES:
            birth = family
            first = first_names(lexis.read(parts[1]), lexis.read(parts[2])) or first
    return birth, used, first


def _numbers(repetitions: list[list[str]], lexis: Lexis) -> tuple[str, str, str, str]:
    """(matricule, OID of its authority, number of the insured, the sender's own) from PID-3 (CX)."""
    matricule = authority = insured = local = ""
    for parts in repetitions:
        number = lexis.read(parts[0])
        if not number:
            continue
        kind = parts[4].upper()
        is_ins, oid = _assigner(parts[3][:LONGEST_REMEMBERED], lexis)
        if is_ins or kind in _INS_TYPES:
            if not matricule:
                matricule = number.replace(" ", "").upper()
                authority = oid
        elif kind in _INSURED_TYPES:
            insured = insured or number.replace(" ", "")
        else:
            local = local or number
    return matricule, authority, insured, local


@lru_cache(maxsize=4_096)
def _assigner(field: str, lexis: Lexis) -> tuple[bool, str]:
    """Whether an assigning authority (CX-4, an HD) is one of INS, and its OID."""
    name, _, rest = field.partition(lexis.subcomponent)
    oid = lexis.read(rest.split(lexis.subcomponent, 1)[0])
    known = ins.authority(oid[:_LONGEST_AUTHORITY], name[:_LONGEST_AUTHORITY])
    return (True, known.value) if known is not None else (False, oid)


def _addresses(repetitions: list[list[str]], lexis: Lexis) -> tuple[Address, str]:
    """The address where the person lives, and the place of birth (repetition of type BDL), from PID-11 (XAD)."""
    home: Address | None = None
    birth_place = ""
    for parts in repetitions:
        kind = parts[6].upper()
        if kind == "BDL":
            birth_place = birth_place or lexis.read(parts[8])
        elif home is None or kind == "H":
            address = _address(parts, lexis)
            home = address if home is None or address.lines or address.city else home
    return home or _NOWHERE, birth_place


def _address(parts: list[str], lexis: Lexis) -> Address:
    read = lexis.read
    street, other = parts[0], read(parts[1])
    if lexis.subcomponent in street:
        street = street.split(lexis.subcomponent, 1)[0]
    street = read(street)
    county = read(parts[8])
    return Address(
        lines=(street, other) if street and other else (street or other,) if street or other else (),
        city=read(parts[2]),
        postal_code=read(parts[4]),
        country=read(parts[5]),
        commune=county if len(county) == 5 else "",
    )


def contacts(segment: Segment, home: int, business: int) -> tuple[str, str, str]:
    """(fixed line, mobile, e-mail) from two fields of XTN: PID-13 and 14, NK1-5 and 6."""
    phone = mobile = email = ""
    for parts in segment.repetitions(home) + segment.repetitions(business):
        number, address = _reached_by(parts, segment.lexis)
        email = email or address
        if number and (parts[2].upper() == "CP" or is_mobile(number)):
            mobile = mobile or number
        elif number:
            phone = phone or number
    return phone, mobile, email


def _reached_by(parts: list[str], lexis: Lexis) -> tuple[str, str]:
    """(number, e-mail address) of one XTN, wherever its version puts them."""
    read = lexis.read
    first, address, number = read(parts[0]), read(parts[3]), read(parts[11])
    if "@" in first and not address:
        address = first
    elif not number:
        number = first
    if not number and parts[6]:
        country = read(parts[4])
        number = (f"+{country.lstrip('+')}" if country else "") + read(parts[5]) + read(parts[6])
    return number, one_address(address)


@lru_cache(maxsize=16_384)
def practitioner(field: str, lexis: Lexis) -> Practitioner:
    """The practitioner of an XCN field: RPPS or ADELI without its prefix, and name. Other numbers are left out."""
    if not field:
        return _NOBODY
    parts = field.split(lexis.repetition, 1)[0].split(lexis.component)
    read = lexis.read
    kind = parts[12].strip().upper() if len(parts) > 12 else ""
    national = (len(parts) > 8 and rpps.PERSON_OID in parts[8]) or kind in ("IDNPS", "RPPS")
    family = read(parts[1].split(lexis.subcomponent, 1)[0]) if len(parts) > 1 else ""
    given = read(parts[2]) if len(parts) > 2 else ""
    name = f"{family} {given}".strip()
    return practitioner_of(read(parts[0]), name, national=national, adeli=kind == "ADELI")


@lru_cache(maxsize=16_384)
def structure(field: str, lexis: Lexis) -> tuple[str, str]:
    """(FINESS, name) of an HD or XON field; the first piece that has the shape of a FINESS, prefix off.

    Ten characters are a prefixed FINESS only under the French authority or with the right key: other
    countries number their hospitals with ten digits too.
    """
    pieces = [lexis.read(piece) for piece in field.split(lexis.repetition, 1)[0].split(lexis.component)]
    name = pieces[0]
    for piece in pieces:
        number = finess.normalise(piece)
        if not _FINESS_SHAPE.fullmatch(number):
            continue
        if len(number) == 10:
            number = rpps.finess_of(number)
            if rpps.STRUCTURE_OID not in field and not finess.is_valid(number):
                continue
        return number, name if name != piece else ""
    return "", name


@lru_cache(maxsize=16_384)
def laboratory(sender: str, orderer: str, performer: str, producer: str, lexis: Lexis) -> Laboratory:
    """The laboratory that answers for a result, from MSH-4, ORC-21, OBX-23 and OBX-15.

    The sender where it gives its FINESS: the others may name a subcontractor. They also lend it their name.
    """
    number, name = structure(sender, lexis)
    if number and name:
        return Laboratory(finess=number, name=name)
    for field in (orderer, performer, producer):
        if field:
            other_number, other_name = structure(field, lexis)
            if other_number and other_number == (number or other_number):
                return Laboratory(finess=other_number, name=other_name or name)
    return Laboratory(finess=number, name=name)
