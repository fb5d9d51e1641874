"""What a person takes away of her result beside the certificate: the laboratory's report, and the result for other software."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import ModuleType
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.identifiers.ins import Ins
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.formats import cda, fhir
from rempart.screening.formats.dates import iso_moment
from rempart.screening.formats.exports import Exported
from rempart.screening.portal.services.opening import proven
from rempart.screening.portal.services.showing import Shown, shown_by
from rempart.screening.rules.report import (
    Address,
    Document,
    Format,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Precision,
    Report,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)
from rempart.screening.services.documents import Opened, opened

WRITTEN: Mapping[Format, ModuleType] = {Format.FHIR: fhir, Format.CDA: cda}
"""The formats in which a result goes out."""


def document(
    *, proof: str, rank: int, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime
) -> Opened:
    """A report that the laboratory attached to the result of a proven access. Raises NotAllowed when there is none."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        found = () if shown.withdrawn else opened(shown.result.id, keyring=keyring, rank=rank)
        if not found:
            raise NotAllowed("no such document")
        record(actor, Act.DOCUMENT_GIVEN, str(shown.result.id), now=now, person=access.person_id)
    return found[0]


def export(
    *, proof: str, form: Format, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime
) -> bytes:
    """The result of a proven access, with what is attached to it, for another software. Raises NotAllowed.

    The matricule stays here: whether the laboratory qualified the identity is not kept.
    """
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        shown = shown_by(cursor, access, actor, keyring, pathogen)
        if shown.withdrawn:
            raise NotAllowed("withdrawn")
        attached = opened(shown.result.id, keyring=keyring)
        record(
            actor,
            Act.RESULT_EXPORTED,
            str(shown.result.id),
            now=now,
            person=access.person_id,
            form=form.value,
        )
    return bytes(WRITTEN[form].encode(exported(shown, attached, now=now)))


def exported(
    shown: Shown, attached: Sequence[Opened], *, now: datetime, number: Ins | None = None
) -> Exported:
    """A result as it goes out; `number`: the INS, where the national teleservice confirmed it."""
    report = _report(shown, attached)
    if number is not None and number.authority is not None:
        person = replace(report.person, ins=number.matricule.number, ins_authority=number.authority.value)
        report = replace(report, person=person)
    return Exported(
        report=report,
        result_id=uuid5(NAMESPACE_OID, bytes(shown.result.ledger_key).hex()),
        version=shown.result.version,
        made_at=now,
        qualified=number is not None,
    )


def _report(shown: Shown, attached: Sequence[Opened]) -> Report:
    """A stored result as the report it came from, as far as that is kept."""
    result, details = shown.result, shown.details
    zone = shown.sampled_locally.tzinfo
    assert isinstance(zone, ZoneInfo)  # noqa: S101 -- the portal puts it on the clock of a place
    validated_at = result.validated_at.astimezone(zone) if result.validated_at else None
    return Report(
        laboratory=Laboratory(finess=result.laboratory, name=shown.laboratory_name),
        record_number=shown.record_number,
        person=_person(shown),
        analysis_code=result.loinc,
        analysis_label=shown.analysis.label_fr,
        loinc=result.loinc,
        raw_result=result.result,
        result=Result(result.result),
        status=Status.CORRECTED if result.version > 1 else Status.FINAL,
        sampled_at=Moment(at=shown.sampled_locally, precision=Precision(result.sampled_precision)),
        validated_at=Moment(at=validated_at, precision=Precision.SECOND) if validated_at else None,
        prescriber=_practitioner(details.get("prescriber")),
        general_practitioner=_practitioner(details.get("general_practitioner")),
        residence=tuple(Residence(letter) for letter in result.residence),
        health_worker=result.health_worker,
        symptoms=Symptoms(result.symptoms) if result.symptoms else None,
        variants=tuple((letter, value) for letter, value in details.get("variants", ())),
        screened_at=iso_moment(details.get("screened_at", ""), zone),
        specimen=details.get("specimen", ""),
        device=details.get("device", ""),
        documents=tuple(
            Document(media_type=one.media_type, content=one.content, title=one.title) for one in attached
        ),
    )


def _person(shown: Shown) -> Person:
    identity, details = shown.identity, shown.details
    *lines, last = details.get("address") or [""]
    postal_code, _, city = last.partition(" ")
    if not (len(postal_code) == 5 and postal_code[-3:].isdigit()):
        postal_code, city = "", last
    return Person(
        birth_name=identity.birth_name,
        used_name=identity.used_name,
        first_names=identity.first_names,
        sex=Sex(identity.sex) if identity.sex else None,
        birth_date=identity.birth_date,
        birth_place=identity.birth_place,
        local_id=details.get("local_id", ""),
        address=Address(lines=tuple(filter(None, lines)), postal_code=postal_code, city=city),
        phone=details.get("phone", ""),
        mobile=details.get("mobile", ""),
        email=details.get("email", ""),
        relative_mobile=details.get("relative_mobile", ""),
        relative_email=details.get("relative_email", ""),
    )


def _practitioner(kept: Sequence[str] | None) -> Practitioner:
    rpps, name, adeli = (*(kept or ()), "", "", "")[:3]
    return Practitioner(rpps=rpps, name=name, adeli=adeli)
