"""CDA R2 out: one version of one result as a rapid test (BIO-TROD) where a device was used, else a laboratory report (CR-BIO).

It keeps the header rules that `header.py` checks. What the platform does not know of the laboratory (addresses, who the
biologist is) is said to be unknown. The INS goes out for a qualified identity only. A laboratory report holds a copy as a
PDF where the laboratory attached one. The official schematrons were not run on it.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from lxml import etree

from rempart.foundation.identifiers import rpps
from rempart.screening.formats.cda.header import AUTHENTICATOR, PDF_COPY, Kind
from rempart.screening.formats.cda.xml import NAMESPACE, XSI_TYPE, Element
from rempart.screening.formats.documents import PDF
from rempart.screening.formats.exports import HEALTH_WORKER, MUTATION, RESIDENCE, SNOMED, SYMPTOMS, Exported
from rempart.screening.rules.report import Moment, Person, Practitioner, Precision, Sex, Status

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LOINC, _SCT = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96"
_UUID_ROOT = "2.25."  # OID arc of UUIDs
_CHAPTER = ("18725-2", "Microbiologie")
_STATUSES = {
    Status.FINAL: "completed",
    Status.CORRECTED: "completed",
    Status.HELD: "active",
    Status.RETRACTED: "nullified",
}
_SEXES = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.UNKNOWN: "UN"}
_FORMATS = {
    Precision.YEAR: "%Y",
    Precision.MONTH: "%Y%m",
    Precision.DAY: "%Y%m%d",
    Precision.HOUR: "%Y%m%d%H%z",
    Precision.MINUTE: "%Y%m%d%H%M%z",
    Precision.SECOND: "%Y%m%d%H%M%S%z",
}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_RPPS_DIGITS = 11


def encode(exported: Exported) -> bytes:
    """The document of a result, as UTF-8 XML."""
    root = _Writer(exported).document()
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)  # type: ignore[no-any-return]


def _add(parent: Element, name: str, said: str = "", /, **attributes: str) -> Element:
    """A child with its text and attributes; an underscore after a name is Python's, `kind` is xsi:type."""
    kept: dict[Any, str] = {}
    for key, value in attributes.items():
        kept[XSI_TYPE if key == "kind" else key.rstrip("_")] = _ILLEGAL.sub("\ufffd", value)
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", kept)
    if said:
        element.text = _ILLEGAL.sub("\ufffd", said)
    return element


def _unknown(parent: Element, *names: str) -> None:
    for name in names:
        _add(parent, name, nullFlavor="UNK")


def _code(parent: Element, name: str, system: str, code: str, label: str = "", **more: str) -> Element:
    attributes = {"code": code, "codeSystem": system, "displayName": label}
    return _add(parent, name, **{key: value for key, value in attributes.items() if value}, **more)


class _Writer:
    """One document."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported
        self._report = exported.report
        self._kind = Kind.RAPID_TEST if exported.report.device else Kind.REPORT
        self._root = etree.Element(f"{{{NAMESPACE}}}ClinicalDocument", nsmap={None: NAMESPACE, "xsi": _XSI})

    def document(self) -> Element:
        """Header, then body, in the order of the schema."""
        self._identity()
        self._person(self._report.person)
        self._actors()
        self._acts()
        body = _add(_add(self._root, "component"), "structuredBody")
        self._results(body)
        self._copies(body)
        return self._root

    # Header

    def _identity(self) -> None:
        root, exported = self._root, self._exported
        rapid = self._kind is Kind.RAPID_TEST
        _add(root, "realmCode", code="FR")
        _add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
        _add(root, "templateId", root="2.16.840.1.113883.2.8.2.1")
        _add(root, "templateId", root="1.2.250.1.213.1.1.1.1")
        if rapid:
            _add(root, "templateId", root="1.2.250.1.213.1.1.1.59", extension="2024.01")
        else:
            _add(root, "templateId", root="1.3.6.1.4.1.19376.1.3.3")
            _add(root, "templateId", root="1.2.250.1.213.1.1.1.55", extension="2024.01")
        _add(root, "id", root=f"{_UUID_ROOT}{exported.key('document').int}")
        label = "Test rapide d'orientation diagnostique" if rapid else "CR d'examens biologiques"
        _code(root, "code", _LOINC, self._kind.value, label)
        _add(root, "title", label if rapid else "Compte rendu d'examens biologiques")
        _add(root, "effectiveTime", value=exported.made_at.strftime("%Y%m%d%H%M%S%z"))
        _code(root, "confidentialityCode", "2.16.840.1.113883.5.25", "N", "Normal")
        _add(root, "languageCode", code="fr-FR")
        _add(root, "setId", root=f"{_UUID_ROOT}{exported.result_id.int}")
        _add(root, "versionNumber", value=str(exported.version))

    def _person(self, person: Person) -> None:
        role = _add(_add(self._root, "recordTarget"), "patientRole")
        matricule, authority = self._exported.matricule
        if matricule:
            _add(role, "id", root=authority, extension=matricule)
        if person.local_id:
            _add(role, "id", root=self._of_laboratory("patients"), extension=person.local_id)
        if not (matricule or person.local_id):
            _unknown(role, "id")
        self._address(role, person)
        for value, use in ((person.phone, "H"), (person.mobile, "MC")):
            if value:
                _add(role, "telecom", value=f"tel:{value}", use=use)
        if person.email:
            _add(role, "telecom", value=f"mailto:{person.email}")
        if not (person.phone or person.mobile or person.email):
            _unknown(role, "telecom")
        patient = _add(role, "patient")
        self._names(patient, person)
        if person.sex is None:
            _unknown(patient, "administrativeGenderCode")
        else:
            _code(patient, "administrativeGenderCode", "2.16.840.1.113883.5.1", _SEXES[person.sex])
        if person.birth_date is None:
            _unknown(patient, "birthTime")
        else:
            _add(patient, "birthTime", value=f"{person.birth_date:%Y%m%d}")
        if person.birth_place:
            place = _add(_add(_add(patient, "birthplace"), "place"), "addr")
            _add(place, "county", person.birth_place)

    def _names(self, patient: Element, person: Person) -> None:
        name = _add(patient, "name")
        if person.birth_name:
            _add(name, "family", person.birth_name, qualifier="BR")
        if person.first_names:
            _add(name, "given", " ".join(person.first_names))
            _add(name, "given", person.first_names[0], qualifier="BR")
        if person.used_name:
            _add(name, "family", person.used_name, qualifier="CL")

    def _address(self, role: Element, person: Person) -> None:
        address = person.address
        if not (address.lines or address.postal_code or address.city or address.country):
            _unknown(role, "addr")
            return
        element = _add(role, "addr", use="H")
        for line in address.lines:
            _add(element, "streetAddressLine", line)
        for name, said in (
            ("postalCode", address.postal_code),
            ("city", address.city),
            ("country", address.country),
        ):
            if said:
                _add(element, name, said)

    def _of_laboratory(self, what: str) -> str:
        """The root of the numbers that the laboratory gives: ours for it, for it has told none."""
        return f"{_UUID_ROOT}{self._exported.key(f'{self._report.laboratory.finess}/{what}').int}"

    def _organisation(self, parent: Element, name: str = "representedOrganization") -> Element:
        laboratory = self._report.laboratory
        element = _add(parent, name)
        if laboratory.finess:
            _add(element, "id", root=rpps.STRUCTURE_OID, extension=f"1{laboratory.finess}")
        else:
            _unknown(element, "id")
        _add(element, "name", laboratory.name or laboratory.finess)
        _unknown(element, "telecom", "addr")
        return element

    def _entity(self, parent: Element) -> Element:
        """Somebody of the laboratory whose name it did not give."""
        element = _add(parent, "assignedEntity")
        _unknown(element, "id", "code", "addr", "telecom")
        _add(_add(_add(element, "assignedPerson"), "name"), "family", nullFlavor="UNK")
        return element

    def _actors(self) -> None:
        """Author, informant, custodian, those who validate, prescriber and treating doctor."""
        root, report = self._root, self._report
        author = _add(root, "author")
        _add(author, "time", value=self._exported.made_at.strftime("%Y%m%d%H%M%S%z"))
        assigned = _add(author, "assignedAuthor")
        _unknown(assigned, "id", "addr", "telecom")
        _add(_add(assigned, "assignedAuthoringDevice"), "softwareName", "Rempart")
        self._organisation(assigned)
        self._relative(report.person)
        custodian = _add(_add(root, "custodian"), "assignedCustodian")
        self._organisation(custodian, "representedCustodianOrganization")
        legal = _add(root, "legalAuthenticator")
        self._time(legal, "time", report.validated_at)
        _add(legal, "signatureCode", code="S")
        self._organisation(self._entity(legal))
        if report.validated_at is not None:
            authenticator = _add(root, "authenticator")
            _add(authenticator, "templateId", root=AUTHENTICATOR)
            self._time(authenticator, "time", report.validated_at)
            _add(authenticator, "signatureCode", code="S")
            self._organisation(self._entity(authenticator))
        self._doctor("REF", report.prescriber)
        self._doctor("INF", report.general_practitioner)

    def _relative(self, person: Person) -> None:
        if not (person.relative_mobile or person.relative_email):
            return
        entity = _add(_add(self._root, "informant"), "relatedEntity", classCode="NOK")
        if person.relative_mobile:
            _add(entity, "telecom", value=f"tel:{person.relative_mobile}", use="MC")
        if person.relative_email:
            _add(entity, "telecom", value=f"mailto:{person.relative_email}")

    def _doctor(self, kind: str, one: Practitioner) -> None:
        if one == Practitioner():
            return
        participant = _add(self._root, "participant", typeCode=kind)
        if kind == "INF":
            _code(participant, "functionCode", "2.16.840.1.113883.5.88", "PCP", "Médecin traitant")
        _unknown(participant, "time")
        entity = _add(participant, "associatedEntity", classCode="PROV")
        number = (
            f"0{one.adeli}" if one.adeli else f"8{one.rpps}" if len(one.rpps) == _RPPS_DIGITS else one.rpps
        )
        if number:
            _add(entity, "id", root=rpps.PERSON_OID, extension=number)
        if one.name:
            _add(_add(entity, "associatedPerson"), "name", one.name)

    def _acts(self) -> None:
        """What was documented and by whom, and who answers for it."""
        report, root = self._report, self._root
        event = _add(_add(root, "documentationOf"), "serviceEvent")
        if report.record_number:
            _add(event, "id", root=self._of_laboratory("requests"), extension=report.record_number)
        if self._kind is Kind.RAPID_TEST:
            _code(event, "code", "2.16.840.1.113883.6.3", "U07.1", "COVID-19")
        else:
            _code(event, "code", _LOINC, *_CHAPTER)
        if report.sampled_at is not None:
            self._time(_add(event, "effectiveTime"), "low", report.sampled_at)
        performer = _add(event, "performer", typeCode="PRF")
        if self._kind is Kind.REPORT:
            _add(performer, "templateId", root="1.3.6.1.4.1.19376.1.3.3.1.7")
            _unknown(performer, "time")
        _unknown(self._organisation(self._entity(performer)), "standardIndustryClassCode")
        encounter = _add(_add(root, "componentOf"), "encompassingEncounter")
        _code(encounter, "code", "2.16.840.1.113883.5.4", "AMB", "Ambulatoire")
        self._time(_add(encounter, "effectiveTime"), "low", report.sampled_at)
        self._organisation(self._entity(_add(encounter, "responsibleParty")))

    def _time(self, parent: Element, name: str, moment: Moment | None) -> None:
        if moment is None:
            _unknown(parent, name)
        else:
            _add(parent, name, value=moment.at.strftime(_FORMATS[moment.precision]))

    # Body

    def _section(self, body: Element, code: str, title: str, *templates: str) -> Element:
        section = _add(_add(body, "component"), "section")
        for template in templates:
            _add(section, "templateId", root=template)
        _code(section, "code", _LOINC, code, title)
        _add(section, "title", title)
        return section

    def _results(self, body: Element) -> None:
        report = self._report
        section = self._section(body, *_CHAPTER, "1.3.6.1.4.1.19376.1.3.3.2.1", "1.2.250.1.213.1.1.2.70")
        label = report.analysis_label or report.loinc
        said = SNOMED[report.result][1] if report.result else report.raw_result
        _add(_add(section, "text"), "paragraph", f"{label} : {said}")
        entry = _add(section, "entry", typeCode="DRIV")
        for template in ("1.3.6.1.4.1.19376.1.3.1", "1.2.250.1.213.1.1.3.21"):
            _add(entry, "templateId", root=template)
        act = _add(entry, "act", classCode="ACT", moodCode="EVN")
        _code(act, "code", _LOINC, *_CHAPTER)
        _add(act, "statusCode", code="completed")
        if report.device:
            device = _add(act, "participant", typeCode="DEV")
            _add(
                _add(device, "participantRole", classCode="MANU"),
                "id",
                root="2.51.1.1",
                extension=report.device,
            )
        self._specimen(act)
        self._observation(act)
        self._answers(act)

    def _specimen(self, act: Element) -> None:
        report = self._report
        link = _add(act, "entryRelationship", typeCode="COMP")
        procedure = _add(link, "procedure", classCode="PROC", moodCode="EVN")
        _add(procedure, "templateId", root="1.3.6.1.4.1.19376.1.3.1.2")
        self._time(procedure, "effectiveTime", report.sampled_at)
        if report.specimen:
            role = _add(_add(procedure, "participant", typeCode="PRD"), "participantRole", classCode="SPEC")
            player = _add(role, "playingEntity")
            if report.specimen.isdigit():
                _code(player, "code", _SCT, report.specimen)
            else:
                _add(player, "code", displayName=report.specimen)

    def _observe(self, act: Element) -> Element:
        link = _add(act, "entryRelationship", typeCode="COMP")
        observation = _add(link, "observation", classCode="OBS", moodCode="EVN")
        for template in ("1.3.6.1.4.1.19376.1.3.1.6", "1.2.250.1.213.1.1.3.80"):
            _add(observation, "templateId", root=template)
        return observation

    def _observation(self, act: Element) -> None:
        report = self._report
        observation = self._observe(act)
        own = report.analysis_code if report.analysis_code != report.loinc else ""
        if own:
            code = _add(observation, "code", code=own)
            if report.loinc:
                _code(code, "translation", _LOINC, report.loinc)
        else:
            code = _code(observation, "code", _LOINC, report.loinc)
        if report.analysis_label:
            code.set("displayName", _ILLEGAL.sub("\ufffd", report.analysis_label))
        _add(observation, "statusCode", code=_STATUSES[report.status])
        self._time(observation, "effectiveTime", report.sampled_at)
        if report.result is not None:
            _code(observation, "value", _SCT, *SNOMED[report.result], kind="CD")
        elif report.raw_result:
            _add(observation, "value", report.raw_result, kind="ST")

    def _answers(self, act: Element) -> None:
        report = self._report
        found: list[tuple[str, str, dict[str, str], str]] = []
        if report.health_worker is not None:
            value = "true" if report.health_worker else "false"
            found.append((_LOINC, HEALTH_WORKER, {"kind": "BL", "value": value}, ""))
        found += [(_LOINC, RESIDENCE, {"kind": "ST"}, residence.value) for residence in report.residence]
        if report.symptoms is not None:
            found.append(("", SYMPTOMS, {"kind": "ST"}, report.symptoms.value))
        for letter, said in report.variants:
            found.append(("", MUTATION + letter, {"kind": "ST"}, said))
        for system, number, attributes, said in found:
            observation = self._observe(act)
            _code(observation, "code", system, number)
            _add(observation, "statusCode", code="completed")
            if number.startswith(MUTATION) and report.screened_at is not None:
                self._time(observation, "effectiveTime", report.screened_at)
            _add(observation, "value", said, **attributes)

    def _copies(self, body: Element) -> None:
        """The files that the laboratory attached."""
        for rank, one in enumerate(self._report.documents, 1):
            title = one.title or ("Copie du document" if one.media_type == PDF else "Document attaché")
            section = self._section(body, "55108-5", title, PDF_COPY)
            organizer = _add(_add(section, "entry"), "organizer", classCode="CLUSTER", moodCode="EVN")
            _add(organizer, "templateId", root="1.2.250.1.213.1.1.3.18")
            _add(organizer, "statusCode", code="completed")
            link = _add(organizer, "component")
            media = _add(link, "observationMedia", classCode="OBS", moodCode="EVN", ID=f"doc-{rank}")
            content = base64.b64encode(one.content).decode("ascii")
            _add(media, "value", content, mediaType=one.media_type, representation="B64")
