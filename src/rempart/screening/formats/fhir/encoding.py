"""FHIR R4 out: one version of one result as a Bundle of type collection, with the French profiles' identifiers.

Patient (fr-core-patient, or fr-core-patient-ins where the identity is qualified: only then does it carry the INS),
Organization, Practitioners, Specimen, Observations, ServiceRequest, DiagnosticReport. Times have seconds, as FHIR asks: a time
to the minute or the hour comes back to the second, and a validation that is only a day is left out (`issued` is an instant).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from rempart.foundation.identifiers import rpps
from rempart.screening.formats.exports import HEALTH_WORKER, MUTATION, RESIDENCE, SNOMED, SYMPTOMS, Exported
from rempart.screening.rules.report import Moment, Person, Practitioner, Precision, Sex, Status

_Resource = dict[str, Any]

_OID = "urn:oid:"
_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
_CORE_TYPES = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_LOINC, _SCT = "http://loinc.org", "http://snomed.info/sct"
_COG = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
_STATUSES = {
    Status.FINAL: "final",
    Status.CORRECTED: "corrected",
    Status.HELD: "preliminary",
    Status.RETRACTED: "entered-in-error",
}
_SEXES = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.UNKNOWN: "unknown"}
_LESS_THAN_A_DAY = frozenset({Precision.HOUR, Precision.MINUTE, Precision.SECOND})
_RPPS_DIGITS = 11


def encode(exported: Exported) -> bytes:
    """The Bundle of a result, as UTF-8 JSON."""
    return json.dumps(bundle(exported), ensure_ascii=False, indent=1).encode("utf-8", "replace")


def bundle(exported: Exported) -> _Resource:
    """The same as plain values."""
    writer = _Writer(exported)
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{exported.key('bundle')}"},
        "type": "collection",
        "timestamp": exported.made_at.isoformat(timespec="seconds"),
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in writer.resources().items()],
    }


class _Writer:
    """The resources of one result, each under its URL."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported
        self._report = exported.report
        self._found: dict[str, _Resource] = {}

    def resources(self) -> dict[str, _Resource]:
        """All of them, the report first."""
        self._found[self._url("report")] = {}
        self._add("observation", self._observation())
        self._add("patient", self._patient(self._report.person))
        self._add("laboratory", self._laboratory())
        self._add("specimen", self._specimen())
        if self._report.device:
            device = {"resourceType": "Device", "identifier": [{"value": self._report.device}]}
            self._add("device", device)
        if self._report.prescriber != Practitioner():
            self._add("prescriber", _practitioner(self._report.prescriber))
            self._add("request", self._request())
        if self._report.general_practitioner != Practitioner():
            self._add("general-practitioner", _practitioner(self._report.general_practitioner))
        for name, code, value in self._answers():
            self._add(name, self._answer(code, value))
        self._found[self._url("report")] = self._diagnostic_report()
        return self._found

    def _url(self, name: str) -> str:
        return f"urn:uuid:{self._exported.key(name)}"

    def _add(self, name: str, resource: _Resource) -> None:
        self._found[self._url(name)] = resource

    def _to(self, name: str) -> _Resource:
        return {"reference": self._url(name)}

    def _code(self) -> _Resource:
        """The laboratory's own code first, where it has one, then LOINC's."""
        report = self._report
        codings = []
        if report.analysis_code and report.analysis_code != report.loinc:
            codings.append({"code": report.analysis_code})
        if report.loinc:
            codings.append({"system": _LOINC, "code": report.loinc})
        if codings and report.analysis_label:
            codings[0]["display"] = report.analysis_label
        return _filled({"coding": codings, "text": report.analysis_label})

    def _observation(self) -> _Resource:
        report = self._report
        value: _Resource = {}
        if report.result is not None:
            code, display = SNOMED[report.result]
            value = {"coding": [{"system": _SCT, "code": code, "display": display}]}
        elif report.raw_result:
            value = {"text": report.raw_result}
        return _filled(
            {
                "resourceType": "Observation",
                "status": _STATUSES[report.status],
                "category": [
                    _coded("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")
                ],
                "code": self._code(),
                "subject": self._to("patient"),
                "effectiveDateTime": _time(report.sampled_at),
                "performer": [self._to("laboratory")],
                "valueCodeableConcept": value,
                "specimen": self._to("specimen"),
                "device": self._to("device") if report.device else None,
            }
        )

    def _diagnostic_report(self) -> _Resource:
        report = self._report
        forms = [
            _filled(
                {
                    "contentType": one.media_type,
                    "data": base64.b64encode(one.content).decode("ascii"),
                    "title": one.title,
                }
            )
            for one in report.documents
        ]
        return _filled(
            {
                "resourceType": "DiagnosticReport",
                "identifier": [{"value": report.record_number}] if report.record_number else None,
                "basedOn": [self._to("request")] if self._url("request") in self._found else None,
                "status": _STATUSES[report.status],
                "category": [_coded("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")],
                "code": self._code(),
                "subject": self._to("patient"),
                "effectiveDateTime": _time(report.sampled_at),
                "issued": _instant(report.validated_at),
                "performer": [self._to("laboratory")],
                "specimen": [self._to("specimen")],
                "result": [self._to("observation")],
                "presentedForm": forms,
            }
        )

    def _specimen(self) -> _Resource:
        report = self._report
        kind: _Resource = {}
        if report.specimen.isdigit():
            kind = {"coding": [{"system": _SCT, "code": report.specimen}]}
        elif report.specimen:
            kind = {"text": report.specimen}
        return _filled(
            {
                "resourceType": "Specimen",
                "identifier": [{"value": report.record_number}] if report.record_number else None,
                "type": kind,
                "subject": self._to("patient"),
                "collection": _filled({"collectedDateTime": _time(report.sampled_at)}),
            }
        )

    def _request(self) -> _Resource:
        return {
            "resourceType": "ServiceRequest",
            "status": "completed",
            "intent": "order",
            "subject": self._to("patient"),
            "requester": self._to("prescriber"),
        }

    def _laboratory(self) -> _Resource:
        laboratory = self._report.laboratory
        number = {
            "type": _coded("http://interopsante.org/CodeSystem/v2-0203", "FINEG"),
            "system": _OID + rpps.STRUCTURE_OID,
            "value": f"1{laboratory.finess}",
        }
        return _filled(
            {
                "resourceType": "Organization",
                "identifier": [number] if laboratory.finess else None,
                "name": laboratory.name,
            }
        )

    def _patient(self, person: Person) -> _Resource:
        matricule, authority = self._exported.matricule
        profile = "fr-core-patient-ins" if matricule else "fr-core-patient"
        return _filled(
            {
                "resourceType": "Patient",
                "meta": {"profile": [_CORE + profile]},
                "extension": [_birth_place(person.birth_place)] if person.birth_place else None,
                "identifier": _identifiers(person, matricule, authority),
                "name": _names(person),
                "telecom": _telecoms(person.phone, person.mobile, person.email),
                "gender": _SEXES[person.sex] if person.sex else None,
                "birthDate": person.birth_date.isoformat() if person.birth_date else None,
                "address": _address(person),
                "contact": _relative(person),
                "generalPractitioner": [self._to("general-practitioner")]
                if self._report.general_practitioner != Practitioner()
                else None,
            }
        )

    def _answers(self) -> list[tuple[str, _Resource, _Resource]]:
        """(name, code, value) of the answers and mutation letters that stand beside the result."""
        report = self._report
        found: list[tuple[str, _Resource, _Resource]] = []
        if report.health_worker is not None:
            found.append(
                ("health-worker", _coded(_LOINC, HEALTH_WORKER), {"valueBoolean": report.health_worker})
            )
        found += [
            (f"residence-{kind.value}", _coded(_LOINC, RESIDENCE), {"valueString": kind.value})
            for kind in report.residence
        ]
        if report.symptoms is not None:
            found.append(("symptoms", _coded("", SYMPTOMS), {"valueString": report.symptoms.value}))
        for letter, value in report.variants:
            time = _time(report.screened_at)
            said = {"valueString": value} | ({"effectiveDateTime": time} if time else {})
            found.append((f"mutation-{letter}-{value}", _coded("", MUTATION + letter), said))
        return found

    def _answer(self, code: _Resource, value: _Resource) -> _Resource:
        return {
            "resourceType": "Observation",
            "status": _STATUSES[self._report.status],
            "code": code,
            "subject": self._to("patient"),
            **value,
        }


def _practitioner(one: Practitioner) -> _Resource:
    number = None
    if one.rpps or one.adeli:
        value = (
            f"0{one.adeli}" if one.adeli else f"8{one.rpps}" if len(one.rpps) == _RPPS_DIGITS else one.rpps
        )
        number = [{"type": _coded(_CORE_TYPES, "IDNPS"), "system": _OID + rpps.PERSON_OID, "value": value}]
    name = [{"text": one.name}] if one.name else None
    return _filled({"resourceType": "Practitioner", "identifier": number, "name": name})


def _identifiers(person: Person, matricule: str, authority: str) -> list[_Resource]:
    found: list[_Resource] = []
    if matricule:
        kind = "INS-NIA" if matricule[:1] in ("7", "8") else "INS-NIR"
        found.append(
            {
                "use": "official",
                "type": _coded(_CORE_TYPES, kind),
                "system": _OID + authority,
                "value": matricule,
            }
        )
    if person.local_id:
        found.append({"type": _coded(_TYPES, "PI"), "value": person.local_id})
    if person.insured_number:
        found.append({"type": _coded(_TYPES, "NH"), "value": person.insured_number})
    return found


def _names(person: Person) -> list[_Resource]:
    birth = _filled({"family": person.birth_name, "given": list(person.first_names)})
    if person.first_names:
        url, listed = _CORE + "fr-core-patient-birth-list-given-name", " ".join(person.first_names)
        birth["extension"] = [{"url": url, "valueString": listed}]
    found = [{"use": "official", **birth}] if birth else []
    if person.used_name:
        found.append({"use": "usual", "family": person.used_name})
    return found


def _birth_place(code: str) -> _Resource:
    coded = {"extension": [_insee(code)]}
    return {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": coded}


def _insee(code: str) -> _Resource:
    return {"url": _CORE + "fr-core-address-insee-code", "valueCoding": {"system": _COG, "code": code}}


def _address(person: Person) -> list[_Resource]:
    address = person.address
    one = _filled(
        {
            "line": list(address.lines),
            "city": address.city,
            "postalCode": address.postal_code,
            "country": address.country,
            "extension": [_insee(address.commune)] if address.commune else None,
        }
    )
    return [{"use": "home", **one}] if one else []


def _telecoms(phone: str, mobile: str, email: str) -> list[_Resource]:
    found = []
    if phone:
        found.append({"system": "phone", "use": "home", "value": phone})
    if mobile:
        found.append({"system": "phone", "use": "mobile", "value": mobile})
    if email:
        found.append({"system": "email", "value": email})
    return found


def _relative(person: Person) -> list[_Resource]:
    telecoms = _telecoms("", person.relative_mobile, person.relative_email)
    return [{"telecom": telecoms}] if telecoms else []


def _coded(system: str, code: str) -> _Resource:
    return {"coding": [_filled({"system": system, "code": code})]}


def _time(moment: Moment | None) -> str | None:
    """A dateTime: as precise as the moment, but to the second where it has an hour."""
    if moment is None:
        return None
    return moment.at.isoformat(timespec="seconds") if moment.precision in _LESS_THAN_A_DAY else moment.iso()


def _instant(moment: Moment | None) -> str | None:
    return _time(moment) if moment is not None and moment.precision in _LESS_THAN_A_DAY else None


def _filled(resource: _Resource) -> _Resource:
    """Without what is empty: FHIR has no empty elements."""
    return {name: value for name, value in resource.items() if value is False or value}
