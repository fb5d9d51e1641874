"""Persons, professionals and organisations of FHIR R4, with the French profiles' identifiers and extensions.

HL7 France, fr-core 2.2: fr-core-patient, fr-core-patient-ins (identifier systems are `urn:oid:` and the object identifiers of
the INS; types of fr-core-cs-v2-0203), fr-core-practitioner, fr-core-organization.
"""

from __future__ import annotations

import re

from rempart.foundation.identifiers import ins, rpps
from rempart.screening.formats.dates import iso_date
from rempart.screening.formats.emails import of_the_person
from rempart.screening.formats.fhir.nodes import Node
from rempart.screening.formats.practitioners import practitioner_of
from rempart.screening.formats.telephones import is_mobile
from rempart.screening.rules.report import Address, Laboratory, Person, Practitioner, Sex

_OID = "urn:oid:"
_FINESS_SHAPE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}", re.ASCII)
_COG = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)
_INS_TYPES = frozenset({"INS-NIR", "INS-NIA", "INS-C", "INS"})
_INSURED_TYPES = frozenset({"NH", "SS", "SNS"})
_SEXES = {"male": Sex.MALE, "female": Sex.FEMALE, "": None}
_BIRTH_USES = ("official", "maiden", "")
_NAMED = frozenset({"usual", "nickname", "anonymous"})
_BIRTH_GIVEN, _BIRTH_PLACE, _INSEE = (
    "birth-list-given-name",
    "patient-birthPlace",
    "insee-code",
)  # ends of URLs
_NOWHERE = Address()
_NOBODY = Practitioner()


def person(patient: Node) -> Person:
    """The person of a Patient; what it leaves out is empty."""
    birth, used, first = _names(patient)
    matricule, authority, insured, local = _numbers(patient)
    phone, mobile, email = reached_by(patient)
    relative = ("", "") if mobile or email else _relative(patient)
    return Person(
        birth_name=birth,
        used_name=used,
        first_names=first,
        sex=_SEXES.get(patient.text("gender"), Sex.UNKNOWN),
        birth_date=iso_date(patient.text("birthDate")),
        birth_place=_birth_place(patient),
        ins=matricule,
        ins_authority=authority,
        insured_number=insured,
        local_id=local,
        address=_address(patient),
        phone=phone,
        mobile=mobile,
        email=email,
        relative_mobile=relative[0],
        relative_email=relative[1],
    )


def _names(patient: Node) -> tuple[str, str, tuple[str, ...]]:
    """(birth name, used name, first names): the official name, or the one without a use, is that of birth."""
    every = list(patient.nodes("name"))
    uses = [name.text("use") for name in every]
    used = next((name for name, use in zip(every, uses, strict=True) if use in _NAMED), None)
    birth = next(
        (n for wanted in _BIRTH_USES for n, use in zip(every, uses, strict=True) if use == wanted), None
    )
    given: list[str] = []
    if birth is not None:
        given = birth.texts("given")
        known = " ".join(given).split()
        for listed in _extensions(birth, _BIRTH_GIVEN):
            given += [one for one in listed.text("valueString").replace(",", " ").split() if one not in known]
    if not given and used is not None:
        given = used.texts("given")
    return (
        birth.words("family") if birth is not None else "",
        used.words("family") if used is not None else "",
        tuple(filter(None, given)),
    )


def _numbers(patient: Node) -> tuple[str, str, str, str]:
    """(matricule, OID of its authority, number of the insured, the sender's own)."""
    matricule = authority = insured = local = ""
    for one in patient.nodes("identifier"):
        number, system = one.text("value"), one.text("system")
        if not number:
            continue
        known = ins.authority(system) if system.startswith(_OID) else None
        kinds = codes(one.node("type"))
        if known is not None or not kinds.isdisjoint(_INS_TYPES):
            if not matricule:
                matricule = number.replace(" ", "").upper()
                authority = known.value if known is not None else system.removeprefix(_OID)
        elif not kinds.isdisjoint(_INSURED_TYPES):
            insured = insured or number.replace(" ", "")
        else:
            local = local or number
    return matricule, authority, insured, local


def _birth_place(patient: Node) -> str:
    for place in _extensions(patient, _BIRTH_PLACE):
        address = place.node("valueAddress")
        if address is None:
            continue
        for said in (_commune(address), address.words("district"), address.words("city")):
            if _COG.fullmatch(said):
                return said
    return ""


def _address(patient: Node) -> Address:
    """Where the person lives: the address of use "home", else the first that is not an old one."""
    every = [one for one in patient.nodes("address") if one.text("use") != "old"]
    home = next((one for one in every if one.text("use") == "home"), every[0] if every else None)
    if home is None:
        return _NOWHERE
    return Address(
        lines=tuple(filter(None, home.texts("line"))),
        postal_code=home.text("postalCode"),
        city=home.words("city"),
        country=home.words("country"),
        commune=_commune(home),
    )


def _commune(address: Node) -> str:
    """The INSEE code of an address, in the extension of fr-core."""
    for one in _extensions(address, _INSEE):
        coding = one.node("valueCoding")
        said = coding.text("code") if coding is not None else one.text("valueString")
        if _COG.fullmatch(said):
            return said
    return ""


def reached_by(holder: Node) -> tuple[str, str, str]:
    """(landline, mobile, e-mail address) of a person or a contact."""
    phone = mobile = email = ""
    for telecom in holder.nodes("telecom"):
        system, value = telecom.text("system"), telecom.text("value")
        if telecom.text("use") == "old" or not value:
            continue
        if system == "email":
            email = email or of_the_person(value)
        elif system in ("phone", "sms"):
            if system == "sms" or telecom.text("use") == "mobile" or is_mobile(value):
                mobile = mobile or value
            else:
                phone = phone or value
    return phone, mobile, email


def _relative(patient: Node) -> tuple[str, str]:
    """How to reach somebody close to the person, where the person has nothing: (mobile, e-mail)."""
    for contact in patient.nodes("contact"):
        _, mobile, email = reached_by(contact)
        if mobile or email:
            return mobile, email
    return "", ""


def practitioner(found: Node | None) -> Practitioner:
    """The practitioner of a Practitioner, or of a reference that names one."""
    if found is None:
        return _NOBODY
    name = _full_name(found) or found.words("display")
    for one in found.nodes("identifier"):
        number, system = one.text("value"), one.text("system")
        kinds = codes(one.node("type"))
        national = system == _OID + rpps.PERSON_OID or "rpps" in system.lower() or "RPPS" in kinds
        adeli = "adeli" in system.lower() or "ADELI" in kinds
        if number and (national or adeli or "IDNPS" in kinds):
            return practitioner_of(number, name, national=national or "IDNPS" in kinds, adeli=adeli)
    return Practitioner(name=name) if name else _NOBODY


def _full_name(found: Node) -> str:
    for name in found.nodes("name"):
        if said := " ".join(filter(None, (name.words("family"), *name.texts("given")))) or name.words("text"):
            return said
    return ""


def laboratory(found: Node | None) -> Laboratory:
    """The structure of an Organization, or of a reference that names one; its FINESS where it has one."""
    if found is None:
        return Laboratory()
    number = ""
    for one in found.nodes("identifier"):
        read = rpps.finess_of(one.text("value"))
        kinds, system = codes(one.node("type")), one.text("system").lower()
        told = (
            system == _OID + rpps.STRUCTURE_OID or "finess" in system or kinds & {"FINEG", "FINEJ", "FINESS"}
        )
        if told and _FINESS_SHAPE.fullmatch(read):
            number = number or read
    name = found.words("name") if isinstance(found.data.get("name"), str) else ""
    return Laboratory(finess=number, name=name or found.words("display"))


def codes(concept: Node | None) -> frozenset[str]:
    """The codes of a CodeableConcept, whatever their systems."""
    if concept is None:
        return frozenset()
    return frozenset(filter(None, (one.text("code") for one in concept.nodes("coding"))))


def _extensions(holder: Node, ending: str) -> list[Node]:
    """The extensions of an element whose URL ends so."""
    if "extension" not in holder.data:
        return []
    return [one for one in holder.nodes("extension") if one.text("url").endswith(ending)]
