"""CDA R2, the header: what it says, and the rules of the CI-SIS it must keep.

Source: ANS, schematron Entete_CR-BIO.sch (2024.01), volets CR-BIO, BIO-TROD and "Structuration minimale", as gathered in
docs/decisions/035-documents.md. A rule on which the person, the type or the version of the document depends is C01; any
other one is C06. The official schematrons themselves need an XSLT 2 processor and are not run here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from rempart.foundation.identifiers import ins
from rempart.screening.formats.cda import datatypes
from rempart.screening.formats.cda.xml import Element, attribute, child, children, local, templates, text
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import Finding, Laboratory, Practitioner

ROOT = "ClinicalDocument"
PDF_COPY = "1.2.250.1.213.1.1.2.243"
AUTHENTICATOR = "1.3.6.1.4.1.19376.1.3.3.1.5"

_TITLE = "Compte rendu d'examens biologiques"
_POSITIVE = re.compile(r"0*[1-9][0-9]{0,8}", re.ASCII)
_HL7_FRANCE, _MINIMAL = "2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"
_XD_LAB, _CR_BIO, _TROD = "1.3.6.1.4.1.19376.1.3.3", "1.2.250.1.213.1.1.1.55", "1.2.250.1.213.1.1.1.59"
_SECTIONS = frozenset(
    {
        "1.3.6.1.4.1.19376.1.3.3.2.1",  # a chapter of the laboratory
        "1.2.250.1.213.1.1.2.60",
        "1.3.6.1.4.1.19376.1.4.1.2.16",
        "1.2.250.1.213.1.1.2.128",
        "1.2.250.1.213.1.1.2.147",
        PDF_COPY,
    }
)
_MOST_SAID = 100  # findings on one header: a hostile one could ask for a million
_ORGANISATION = ("id", "name", "telecom", "addr")
_AUTHENTICATED = ("time", "assignedEntity/addr", "assignedEntity/telecom")
_PERFORMED = ("time", "assignedEntity/addr", "assignedEntity/telecom", "assignedEntity/assignedPerson/name")
_RESPONSIBLE = ("id", "code", "assignedPerson/name/family")
_UNKNOWN_AS = ("addr", "telecom", "patient/administrativeGenderCode", "patient/birthTime")


class Kind(Enum):
    """The documents that are taken, by their LOINC code."""

    REPORT = "11502-2"  # compte rendu d'examens de biologie
    RAPID_TEST = "96173-0"  # test rapide d'orientation diagnostique


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says of the whole document."""

    kind: Kind | None  # None: another document, read as far as it goes
    control_id: str
    record_number: str
    version: int  # 0 when it cannot be read
    replaces: bool  # it says that it takes the place of another document
    role: Element | None  # the patientRole
    laboratory: Laboratory
    prescriber: Practitioner
    general_practitioner: Practitioner
    sampled: str  # as written, "" when the header does not say
    validated: str


def read(root: Element) -> Header:
    """What a header says; whatever is missing is empty. Raises TooLong."""
    code = attribute(root, "code", "code")
    kind = next((one for one in Kind if one.value == code), None)
    number = child(root, "id")
    version = attribute(root, "value", "versionNumber")
    service = child(root, "documentationOf/serviceEvent")
    prescriber, attending, sampled = _participants(root)
    if not sampled and kind is Kind.RAPID_TEST:
        sampled = attribute(service, "value", "effectiveTime/low") or attribute(
            service, "value", "effectiveTime"
        )
    return Header(
        kind=kind,
        control_id="^".join(filter(None, (attribute(number, "root"), attribute(number, "extension")))),
        record_number=_record_number(root),
        version=int(version) if _POSITIVE.fullmatch(version) else 0,
        replaces=any(attribute(one, "typeCode") == "RPLC" for one in children(root, "relatedDocument")),
        role=child(root, "recordTarget/patientRole"),
        laboratory=_laboratory(root),
        prescriber=prescriber,
        general_practitioner=attending,
        sampled=sampled,
        validated=_validated(root),
    )


def _record_number(root: Element) -> str:
    """The laboratory's number of the request, else the prescriber's, else what all versions of the document share."""
    for names in ("documentationOf/serviceEvent/id", "inFulfillmentOf/order/id", "setId"):
        for one in children(root, names):
            if number := datatypes.identifier(one):
                return number
    return ""


def _laboratory(root: Element) -> Laboratory:
    """Who answers for the results: the responsible party, else who performed, keeps or wrote; the first with a FINESS."""
    first = Laboratory()
    for names in (
        "componentOf/encompassingEncounter/responsibleParty/assignedEntity/representedOrganization",
        "documentationOf/serviceEvent/performer/assignedEntity/representedOrganization",
        "custodian/assignedCustodian/representedCustodianOrganization",
        "author/assignedAuthor/representedOrganization",
    ):
        found = datatypes.laboratory(child(root, names))
        if found.finess:
            return found
        first = first if first.name else found
    return first


def _participants(root: Element) -> tuple[Practitioner, Practitioner, str]:
    """(prescriber, treating doctor, time at which the specimen was taken) from the participants."""
    prescriber = attending = Practitioner()
    sampled = ""
    for one in children(root, "participant"):
        kind, function = attribute(one, "typeCode"), attribute(one, "code", "functionCode")
        if kind == "REF" and prescriber == Practitioner():
            prescriber = datatypes.practitioner(child(one, "associatedEntity"))
        elif kind == "INF" and function == "PCP":
            attending = datatypes.practitioner(child(one, "associatedEntity"))
        elif function == "PRELV":
            sampled = sampled or datatypes.time_of(child(one, "time"))
    return prescriber, attending, sampled


def _validated(root: Element) -> str:
    """When results were validated: by the biologist who authenticates them, else by who answers for the document."""
    for one in children(root, "authenticator"):
        if AUTHENTICATOR in templates(one) and (said := datatypes.time_of(child(one, "time"))):
            return said
    return datatypes.time_of(child(root, "legalAuthenticator/time"))


# The rules


def check(root: Element, header: Header, findings: list[Finding]) -> None:
    """Every rule of the header that the document breaks, as findings. Raises TooLong."""
    if header.kind is None:
        given = shown(attribute(root, "code", "code"))
        findings.append(finding("H01", "document", f"{ROOT}/code", given=given))
        return
    checking = _Checking(findings)
    checking.identity(root, header.kind)
    checking.person(root)
    checking.acts(root)
    checking.body(root, header.kind)


class _Checking:
    """The rules over one document."""

    __slots__ = ("findings",)

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    def _say(self, code: str, case: str, where: str, /, **values: object) -> None:
        if len(self.findings) < _MOST_SAID:
            self.findings.append(finding(code, case, where, **values))

    def _need(self, code: str, element: Element, names: tuple[str, ...], where: str) -> None:
        for name in names:
            if child(element, name) is None:
                self._say(code, "missing", f"{where}/{name}")

    def identity(self, root: Element, kind: Kind) -> None:
        """Which document this is: identifier, set, version, title, templates."""
        for name in ("id", "setId"):
            if not attribute(root, "root", name):
                self._say("C01", "missing", f"{ROOT}/{name}")
        version = child(root, "versionNumber")
        if (
            version is None
            or version.get("nullFlavor")
            or not _POSITIVE.fullmatch(attribute(version, "value"))
        ):
            self._say("C01", "version", f"{ROOT}/versionNumber")
        followed = templates(root)
        if kind is Kind.REPORT:
            if _XD_LAB not in followed:
                self._say("C01", "missing", f"{ROOT}/templateId[@root='{_XD_LAB}']")
            if text(root, "title") != _TITLE:
                self._say("C06", "title", f"{ROOT}/title")
        for template in (_HL7_FRANCE, _MINIMAL, _CR_BIO if kind is Kind.REPORT else _TROD):
            if template not in followed:
                self._say("C06", "template", f"{ROOT}/templateId", template=template)

    def person(self, root: Element) -> None:
        """One person, whose unknown traits are said to be unknown, and whose INS comes with all of its traits."""
        roles = children(root, "recordTarget/patientRole")
        where = f"{ROOT}/recordTarget/patientRole"
        if len(roles) != 1:
            self._say("C01", "several" if roles else "missing", where, count=len(roles))
        for role in roles[:1]:
            for name in _UNKNOWN_AS:
                if attribute(role, "nullFlavor", name) not in ("", "UNK"):
                    self._say("C06", "flavour", f"{where}/{name}")
            self._national_identity(role, where)

    def _national_identity(self, role: Element, where: str) -> None:
        roots = (attribute(one, "root") for one in children(role, "id"))
        authority = next(filter(None, map(ins.authority, roots)), None)
        if authority is None:
            return
        patient = child(role, "patient")
        names = datatypes.names_of(patient)
        traits = {
            "name/family[@qualifier='BR']": names.birth,
            "name/given[@qualifier='BR']": names.first_of_birth,
            "name/given": names.all_first,
            "birthTime": attribute(patient, "value", "birthTime"),
            "birthplace/place/addr/county": text(patient, "birthplace/place/addr/county"),
            "administrativeGenderCode": attribute(patient, "code", "administrativeGenderCode"),
        }
        for name, value in traits.items():
            if not value:
                code = "C01" if authority.in_production else "C06"
                self._say(code, "ins", f"{where}/patient/{name}")

    def acts(self, root: Element) -> None:
        """Who validated, performed and answers for the results, and what was documented."""
        where = f"{ROOT}/authenticator"
        for one in children(root, "authenticator"):
            if AUTHENTICATOR in templates(one):
                self._need("C06", one, _AUTHENTICATED, where)
                self._organisation(one, where, _ORGANISATION)
        where = f"{ROOT}/documentationOf/serviceEvent"
        services = children(root, "documentationOf/serviceEvent")
        if not any(attribute(one, "code", "code") for one in services):
            self._say("C01", "missing", f"{where}/code")
        for performer in (one for service in services for one in children(service, "performer")):
            self._need(
                "C06", performer, _PERFORMED[1:] if _is_rapid(root) else _PERFORMED, f"{where}/performer"
            )
            self._organisation(performer, f"{where}/performer", (*_ORGANISATION, "standardIndustryClassCode"))
        responsible = child(root, "componentOf/encompassingEncounter/responsibleParty/assignedEntity")
        where = f"{ROOT}/componentOf/encompassingEncounter/responsibleParty/assignedEntity"
        if responsible is None:
            self._say("C06", "missing", where)
        else:
            self._need("C06", responsible, _RESPONSIBLE, where)

    def _organisation(self, actor: Element, where: str, parts: tuple[str, ...]) -> None:
        organisation = child(actor, "assignedEntity/representedOrganization")
        where = f"{where}/assignedEntity/representedOrganization"
        if organisation is None:
            self._say("C06", "missing", where)
        else:
            self._need("C06", organisation, parts, where)

    def body(self, root: Element, kind: Kind) -> None:
        """The sections of the first level, and the copy that a report carries since 2024.01."""
        if kind is not Kind.REPORT or child(root, "component/structuredBody") is None:
            return
        copied = False
        for rank, section in enumerate(children(root, "component/structuredBody/component/section"), 1):
            followed = templates(section)
            copied = copied or PDF_COPY in followed
            if followed.isdisjoint(_SECTIONS):
                where = f"{ROOT}/component/structuredBody/component[{rank}]/section/templateId"
                self._say("C06", "section", where)
        if not copied:
            self._say("C06", "copy", f"{ROOT}/component/structuredBody")


def _is_rapid(root: Element) -> bool:
    return attribute(root, "code", "code") == Kind.RAPID_TEST.value


def is_document(root: Element) -> bool:
    """Whether the root is that of a CDA document."""
    return local(root) == ROOT and str(root.tag).startswith("{urn:hl7-org:v3}")
