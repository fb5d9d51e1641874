"""CDA R2, the data types a report is made of: identifiers, names, addresses, telecoms, times, codes (HL7 v3 R1).

French use after the ANS volet "Structuration minimale des documents de santé".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import tzinfo

from rempart.foundation.identifiers import ins, rpps
from rempart.screening.formats.cda.xml import Element, attribute, child, children, text
from rempart.screening.formats.dates import hl7_date, hl7_moment, hl7_moment_without_zone
from rempart.screening.formats.emails import of_the_person
from rempart.screening.formats.telephones import is_mobile
from rempart.screening.rules.report import Address, Laboratory, Moment, Person, Practitioner, Sex

_SEXES = {"F": Sex.FEMALE, "M": Sex.MALE, "": None}
_FINESS_SHAPE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_BIRTH, _USED = "BR", "CL"  # qualifiers of a part of a name: of birth, of use ("call me")
_LANDLINE, _MOBILE = "tel:", "MC"
_NOWHERE = Address()


@dataclass(frozen=True, slots=True)
class Names:
    """The parts of a person's names, by their qualifier."""

    birth: str = ""
    used: str = ""
    first_of_birth: str = ""
    all_first: str = ""
    first_used: str = ""

    @property
    def first_names(self) -> tuple[str, ...]:
        """The first given name of birth, then the others of the whole list, else the one that is used."""
        first, whole = self.first_of_birth, self.all_first.replace(",", " ").split()
        if not first:
            return tuple(whole) or ((self.first_used,) if self.first_used else ())
        if " ".join(whole[: len(first.split())]).upper() == first.upper():
            whole = whole[len(first.split()) :]
        return (first, *whole)


def person(role: Element) -> Person:
    """The person of a patientRole; what it leaves out is empty. His relative is no part of it."""
    patient = child(role, "patient")
    names = names_of(patient)
    matricule, authority, local = _numbers(role)
    phone, mobile, email = reached_by(role)
    return Person(
        birth_name=names.birth,
        used_name=names.used,
        first_names=names.first_names,
        sex=_SEXES.get(attribute(patient, "code", "administrativeGenderCode").upper(), Sex.UNKNOWN),
        birth_date=hl7_date(attribute(patient, "value", "birthTime")),
        birth_place=text(patient, "birthplace/place/addr/county"),
        ins=matricule,
        ins_authority=authority,
        local_id=local,
        address=_address(role),
        phone=phone,
        mobile=mobile,
        email=email,
    )


def names_of(patient: Element | None) -> Names:
    """The names of a person, wherever his `name` elements put their parts."""
    parts = {"birth": "", "used": "", "first_of_birth": "", "all_first": "", "first_used": ""}

    def take(name: str, value: str) -> None:
        parts[name] = parts[name] or value

    for name in children(patient, "name"):
        for family in children(name, "family"):
            qualifiers = attribute(family, "qualifier").split()
            take("used" if _USED in qualifiers and _BIRTH not in qualifiers else "birth", text(family))
        for given in children(name, "given"):
            qualifiers = attribute(given, "qualifier").split()
            if _BIRTH in qualifiers:
                take("first_of_birth", text(given))
            else:
                take("first_used" if _USED in qualifiers else "all_first", text(given))
    return Names(**parts)


def _numbers(role: Element) -> tuple[str, str, str]:
    """(matricule, OID of its authority, the sender's own number)."""
    matricule = authority = local = ""
    for one in children(role, "id"):
        root, number = attribute(one, "root"), attribute(one, "extension")
        known = ins.authority(root)
        if known is not None and not matricule:
            matricule, authority = number.replace(" ", "").upper(), known.value
        elif known is None:
            local = local or number
    return matricule, authority, local


def _address(role: Element) -> Address:
    """Where the person lives: the address of use H, else the first one."""
    every = children(role, "addr")
    home = next((one for one in every if "H" in attribute(one, "use").split()), every[0] if every else None)
    if home is None or home.get("nullFlavor"):
        return _NOWHERE
    street = [text(line) for line in children(home, "streetAddressLine")]
    if not street:
        parts = (text(home, part) for part in ("houseNumber", "streetNameType", "streetName"))
        street = [" ".join(filter(None, parts)), text(home, "unitID"), text(home, "additionalLocator")]
    return Address(
        lines=tuple(filter(None, street)),
        postal_code=text(home, "postalCode"),
        city=text(home, "city"),
        country=text(home, "country"),
    )


def reached_by(role: Element) -> tuple[str, str, str]:
    """(landline, mobile, e-mail address) of whoever plays a role."""
    phone = mobile = email = ""
    for telecom in children(role, "telecom"):
        value = attribute(telecom, "value")
        scheme, _, rest = value.partition(":")
        if scheme.lower() == "mailto":
            email = email or of_the_person(rest)
        elif scheme.lower() == "tel" and rest:
            if _MOBILE in attribute(telecom, "use").split() or is_mobile(rest):
                mobile = mobile or rest
            else:
                phone = phone or rest
    return phone, mobile, email


def practitioner(entity: Element | None) -> Practitioner:
    """The practitioner of an assignedEntity or an associatedEntity: RPPS or ADELI without its prefix, and name."""
    if entity is None:
        return Practitioner()
    number = adeli = ""
    for one in children(entity, "id"):
        if attribute(one, "root") == rpps.PERSON_OID and not number:
            number = rpps.rpps_of(attribute(one, "extension"))
    if rpps.is_adeli(number):
        number, adeli = "", number
    name = child(entity, "assignedPerson/name")
    if name is None:
        name = child(entity, "associatedPerson/name")
    said = " ".join(filter(None, (text(name, "family"), text(name, "given"))))
    return Practitioner(rpps=number, adeli=adeli, name=said or text(name))


def laboratory(organisation: Element | None) -> Laboratory:
    """The structure of an organisation; a FINESS where one of its national numbers is one."""
    if organisation is None:
        return Laboratory()
    number = ""
    for one in children(organisation, "id"):
        if attribute(one, "root") == rpps.STRUCTURE_OID:
            read = rpps.finess_of(attribute(one, "extension"))
            number = number or (read if _FINESS_SHAPE.fullmatch(read) else "")
    return Laboratory(finess=number, name=text(organisation, "name"))


def identifier(element: Element | None) -> str:
    """An instance identifier as one text: its extension, else its root."""
    return attribute(element, "extension") or attribute(element, "root")


def time_of(element: Element | None) -> str:
    """What a time says: its value, else the end of its interval, else its beginning; "" when it says nothing."""
    if element is None:
        return ""
    return (
        attribute(element, "value")
        or attribute(element, "value", "high")
        or attribute(element, "value", "low")
    )


def moment(said: str, zone: tzinfo) -> tuple[Moment | None, bool]:
    """A time, and whether its own zone could not be read (an official sample has `+100`): it is then local."""
    read = hl7_moment(said, zone)
    if read is not None:
        return read, False
    read = hl7_moment_without_zone(said, zone)
    return read, read is not None
