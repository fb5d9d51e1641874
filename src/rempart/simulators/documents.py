"""One result as the document a laboratory sends: CDA (a rapid test, or a report with its copy) or a FHIR Bundle.

Written by the platform's own encoders, which keep the header rules; a laboratory sends its first version, then a second one
to correct or to take back. Identities are confirmed ones, of the authority for tests.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import NAMESPACE_OID, uuid5

from rempart.screening.formats import cda
from rempart.screening.formats.dates import hl7_date, hl7_moment
from rempart.screening.formats.exports import Exported
from rempart.screening.formats.fhir.encoding import bundle
from rempart.screening.rules import report as said
from rempart.screening.rules.report import Report, Result, Status, Symptoms
from rempart.simulators.messages import Sample

_AUTHORITY = "1.2.250.1.213.1.4.10"  # for tests: nobody here exists
_STATUSES = {"F": Status.FINAL, "C": Status.CORRECTED, "P": Status.HELD, "D": Status.RETRACTED}
_COPY = said.Document(
    media_type="application/pdf",
    title="Copie du document",
    content=(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 60]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    ),
)


def cda_document(s: Sample) -> str:
    """A CDA document; a birth date that is none is written as it stands."""
    text: str = cda.encode(_exported(s)).decode("utf-8")
    return text.replace(f'birthTime value="{_born(s):%Y%m%d}"', f'birthTime value="{s.born}"')


def fhir_bundle(s: Sample) -> str:
    """A FHIR Bundle on one line, likewise."""
    text = json.dumps(bundle(_exported(s)), ensure_ascii=False)
    written = f"{s.born[:4]}-{s.born[4:6]}-{s.born[6:]}"
    return text.replace(f'"birthDate": "{_born(s).isoformat()}"', f'"birthDate": "{written}"') + "\n"


def _born(s: Sample) -> date:
    return hl7_date(s.born) or date(int(s.born[:4]), 1, 1)


def _exported(s: Sample) -> Exported:
    return Exported(
        report=_report(s),
        result_id=uuid5(NAMESPACE_OID, s.control_id),
        version=2 if s.status in "CD" else 1,
        made_at=datetime.strptime(s.written, "%Y%m%d%H%M%S%z"),
        qualified=True,
    )


def _report(s: Sample) -> Report:
    return Report(
        laboratory=said.Laboratory(finess=s.finess, name=s.laboratory.name),
        record_number=s.record,
        person=_person(s),
        analysis_code=s.analysis,
        analysis_label=s.label,
        loinc=s.analysis,
        raw_result=s.value or s.result,
        result=None if s.value else Result(s.result),
        status=_STATUSES[s.status],
        sampled_at=hl7_moment(s.sampled, UTC),
        validated_at=hl7_moment(s.validated, UTC),
        prescriber=said.Practitioner(rpps=s.rpps, name=s.doctor.replace("^", " ")),
        residence=(said.Residence(s.residence),),
        health_worker=s.health_worker,
        symptoms=Symptoms(s.symptoms),
        specimen=s.specimen.partition("^")[0],
        device=s.device,
        documents=() if s.device else (_COPY,),
    )


def _person(s: Sample) -> said.Person:
    return said.Person(
        birth_name=s.birth_name,
        used_name=s.used_name if s.used_name != s.birth_name else "",
        first_names=(s.first_name, *filter(None, (s.second_name,))),
        sex=said.Sex(s.sex),
        birth_date=_born(s),
        birth_place=s.birth_place,
        ins=s.nir,
        ins_authority=_AUTHORITY if s.nir else "",
        local_id=s.local_id,
        address=said.Address(lines=(s.street,), postal_code=s.postal_code, city=s.city, country="FRA"),
        mobile=s.phone,
        email=s.mail,
    )
