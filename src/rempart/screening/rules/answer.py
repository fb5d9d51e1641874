"""The answer to a sender: one JSON object per message, the same from every door (check, ingest, HTTP)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Item, Moment, Person, Practitioner, Report


def answer(item: Item, judgement: Judgement, *, source: str) -> dict[str, Any]:
    """What was read in a message and what becomes of it, as plain values.

    `source` is the path or door the delivery came through. Text that was not given is "", other values
    are null; dates and times are ISO 8601, no more precise than the message was.
    """
    return {
        "source": source,
        "item": item.position,
        "format": item.format.value,
        "control_id": item.control_id,
        "outcome": judgement.outcome.value,
        "reports": [_report(report) for report in item.reports],
        "findings": findings(judgement.findings),
    }


def findings(said: Iterable[Finding]) -> list[dict[str, str]]:
    """What was said of a message, as plain values: all that goes back over the network."""
    return [_finding(finding) for finding in said]


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "location": finding.location,
        "message": finding.message,
        "do": finding.do,
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "laboratory": {"finess": report.laboratory.finess, "name": report.laboratory.name},
        "record_number": report.record_number,
        "person": _person(report.person),
        "sampled_at": _moment(report.sampled_at),
        "validated_at": _moment(report.validated_at),
        "loinc": report.loinc,
        "analysis_code": report.analysis_code,
        "analysis_label": report.analysis_label,
        "result": report.result.value if report.result is not None else None,
        "raw_result": report.raw_result,
        "status": report.status.value,
        "prescriber": _practitioner(report.prescriber),
        "general_practitioner": _practitioner(report.general_practitioner),
        "residence": [kind.value for kind in report.residence],
        "health_worker": report.health_worker,
        "symptoms": report.symptoms.value if report.symptoms is not None else None,
        "variants": dict(report.variants),
        "specimen": report.specimen,
        "device": report.device,
        "documents": [
            {"media_type": d.media_type, "title": d.title, "size": len(d.content)} for d in report.documents
        ],
        "location": report.location,
    }


def _person(person: Person) -> dict[str, Any]:
    address = person.address
    return {
        "birth_name": person.birth_name,
        "used_name": person.used_name,
        "first_names": list(person.first_names),
        "sex": person.sex.value if person.sex is not None else None,
        "birth_date": person.birth_date.isoformat() if person.birth_date is not None else None,
        "birth_place": person.birth_place,
        "ins": person.ins,
        "ins_authority": person.ins_authority,
        "insured_number": person.insured_number,
        "local_id": person.local_id,
        "address": {
            "lines": list(address.lines),
            "postal_code": address.postal_code,
            "city": address.city,
            "country": address.country,
            "commune": address.commune,
        },
        "phone": person.phone,
        "mobile": person.mobile,
        "email": person.email,
        "relative_mobile": person.relative_mobile,
        "relative_email": person.relative_email,
    }


def _practitioner(practitioner: Practitioner) -> dict[str, str]:
    return {"rpps": practitioner.rpps, "adeli": practitioner.adeli, "name": practitioner.name}


def _moment(moment: Moment | None) -> str | None:
    return moment.iso() if moment is not None else None
