"""The answer to a sender: one JSON object per message, the same from every door (check, ingest, HTTP)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from rempart.screening.rules.catalogue import catalogue
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Item, Moment, Person, Practitioner, Report


class Language(StrEnum):
    """In which an answer explains itself. What was met in a message is said in English always."""

    ENGLISH = "en"
    FRENCH = "fr"


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


def findings(said: Iterable[Finding], language: Language = Language.ENGLISH) -> list[dict[str, str]]:
    """What was said of a message, as plain values: all that goes back over the network.

    In French, `text` says what the code means and `do` what to do; `message`, which quotes what was met, stays.
    """
    return [_finding(finding, language) for finding in said]


def groups(said: Sequence[tuple[int, Sequence[Finding]]]) -> list[dict[str, Any]]:
    """What was said of the messages of a delivery, the same once, with the ranks of the messages it was said of.

    `said`: (rank, findings) of each message. In both languages; what was said of most messages comes first.
    """
    ranks: dict[tuple[str, str, str, str], list[int]] = {}
    for rank, of_one in said:
        for finding in of_one:
            same = (finding.code, finding.severity.value, finding.location, finding.message)
            of = ranks.setdefault(same, [])
            if not of or of[-1] != rank:
                of.append(rank)
    entries = catalogue()
    return [
        {
            "code": code,
            "severity": severity,
            "location": location,
            "message": message,
            "do": entries[code].do_en,
            "text_fr": entries[code].text_fr,
            "do_fr": entries[code].do_fr,
            "items": items,
        }
        for (code, severity, location, message), items in sorted(
            ranks.items(), key=lambda one: (-len(one[1]), one[1][0], one[0])
        )
    ]


def _finding(finding: Finding, language: Language) -> dict[str, str]:
    said = {
        "code": finding.code,
        "severity": finding.severity.value,
        "location": finding.location,
        "message": finding.message,
        "do": finding.do,
    }
    if language is Language.FRENCH:
        entry = catalogue()[finding.code]
        said |= {"text": entry.text_fr, "do": entry.do_fr}
    return said


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
        "screened_at": _moment(report.screened_at),
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
