"""Giving a person everything that is kept of him: gathered under his own sight, and noted."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, look, naming, require
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.searching import accesses_of
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.people import models as people
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import read_identities
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import Keyring
from rempart.protection.rights import dossier
from rempart.protection.rights.models import Informed, Request
from rempart.protection.rights.services import kept
from rempart.protection.rights.services.sight import EVERYTHING, Shown, shown_to
from rempart.screening.models import Access, TestResult
from rempart.screening.notices.services import contact
from rempart.screening.portal.services.opening import person_of
from rempart.screening.services import documents, objecting
from rempart.tracing.models import Case

MACHINE_READABLE = "json"


def give(*, actor: Actor, form: str, keyring: Keyring, pathogen: Pathogen, now: datetime) -> dossier.Dossier:
    """The visitor's own dossier; `form` (page, pdf, json) is noted in the audit.

    Whoever proved one result by a code sees those that the same telephone or e-mail address proves. Whoever came by
    FranceConnect sees the records that are certainly his, and what bears them.
    """
    require(actor, Right.REQUESTS_OWN)
    person = person_of(actor)
    with acting(actor) as cursor:
        asks = shown_to(cursor, actor, keyring=keyring)
        identities = actor.identities if asks.results is None else _bearers(asks.results)
        look(cursor, naming(actor, identities=identities))
        found = _gathered(
            person, identities, asks=asks, form=form, keyring=keyring, pathogen=pathogen, now=now
        )
        record(actor, Act.DOSSIER_GIVEN, str(person), now=now, person=person, form=form)
    return found


def give_for(
    *, actor: Actor, request_id: UUID, form: str, keyring: Keyring, pathogen: Pathogen, now: datetime
) -> dossier.Dossier:
    """The same of the person of a request, for whoever answers it (a letter). Raises NotAllowed."""
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        row = Request.objects.filter(pk=request_id).first()
        if row is None:
            raise NotAllowed("no such request")
        identities = tuple(
            people.Link.objects.filter(person_id=row.person_id).values_list("identity_id", flat=True)
        )
        found = _gathered(
            row.person_id,
            identities,
            asks=EVERYTHING,
            form=form,
            keyring=keyring,
            pathogen=pathogen,
            now=now,
        )
        record(actor, Act.DOSSIER_GIVEN, str(row.person_id), now=now, person=row.person_id, form=form)
    return found


def _bearers(results: Iterable[UUID]) -> tuple[UUID, ...]:
    """The identities that these results bear."""
    return tuple(set(TestResult.objects.filter(id__in=results).values_list("identity_id", flat=True)))


def _gathered(
    person: UUID, identities: Sequence[UUID], *, asks: Shown, form: str, keyring: Keyring, pathogen: Pathogen, now: datetime
) -> dossier.Dossier:  # fmt: skip
    own = {"person_id": person, "identity_id__in": identities}
    some = own if asks.results is None else {**own, "result_id__in": asks.results}
    results = TestResult.objects.filter(**own)
    if asks.results is not None:
        results = results.filter(id__in=asks.results)
    rows = list(results.order_by("-sampled_at", "-version"))
    names = dict(
        Laboratory.objects.filter(finess__in={row.laboratory for row in rows}).values_list("finess", "name")
    )
    cases = list(Case.objects.filter(**some).order_by("-received_at"))
    subjects = (
        None if asks.results is None else [str(key) for key in (*asks.results, *(case.id for case in cases))]
    )
    records = read_identities(identities, keyring=keyring)
    attached = _attached([row.id for row in rows], whole=form == MACHINE_READABLE, keyring=keyring)
    accesses = Access.objects.filter(**some).order_by("-created_at")
    return dossier.Dossier(
        made_at=now,
        identities=tuple(
            _identity(row, records[row.id])
            for row in people.Identity.objects.filter(id__in=records).order_by("-created_at", "-id")
        ),
        results=tuple(_result(row, names, attached.get(row.id, ()), pathogen, keyring) for row in rows),
        notices=tuple(
            dossier.Notice(made_at=one.created_at, usable_until=one.expires_on) for one in accesses
        ),
        cases=tuple(
            dossier.Case(
                state=case.state,
                department=case.department,
                opened_on=case.received_at,
                taken_at=case.taken_at,
                called_at=case.called_at,
                kept_until=case.expires_on,
            )
            for case in cases
        ),
        accesses=tuple(
            dossier.Access(
                at=one.at,
                what=one.what,
                role=one.role,
                organisation=one.organisation,
                purpose=one.purpose,
            )
            for one in accesses_of([person], subjects=subjects)
        ),
        requests=tuple(
            _asked(one)
            for one in (
                kept.opened(row, keyring=keyring)
                for row in Request.objects.filter(person_id=person).order_by("-made_at", "-id")
            )
            if asks.sees(one.said)
        ),
        informed=tuple(
            dossier.Told(version=one.version, shown_at=one.shown_at)
            for one in Informed.objects.filter(person_id=person).order_by("-version")
        ),
        objects_to_research=objecting.objects(person),
    )


def _identity(row: people.Identity, opened: IdentityRecord) -> dossier.Identity:
    return dossier.Identity(
        birth_name=opened.birth_name,
        used_name=opened.used_name,
        first_names=opened.first_names,
        sex=opened.sex,
        birth_date=opened.birth_date,
        birth_place=opened.birth_place,
        number=opened.ins,
        insured_number=opened.insured_number,
        received_at=row.created_at,
        kept_until=row.expires_on,
    )


def _attached(
    results: Sequence[UUID], *, whole: bool, keyring: Keyring
) -> Mapping[UUID, Sequence[dossier.Attached]]:
    """The reports attached to these results; with the files themselves in the machine-readable export only."""
    found: dict[UUID, list[dossier.Attached]] = {}
    for result, one in documents.of_results(results):
        files = documents.opened(result, keyring=keyring, rank=one.rank) if whole else ()
        title, content = next(((file.title, file.content) for file in files), ("", b""))
        found.setdefault(result, []).append(
            dossier.Attached(
                media_type=one.media_type,
                size=one.size,
                title=title,
                content=base64.b64encode(content).decode("ascii"),
            )
        )
    return found


def _result(
    row: TestResult,
    names: Mapping[str, str],
    attached: Sequence[dossier.Attached],
    pathogen: Pathogen,
    keyring: Keyring,
) -> dossier.Result:
    details: Mapping[str, Any] = contact(keyring, bytes(row.sealed), row.id.bytes) or {}
    analysis = pathogen.analysis(row.loinc)
    return dossier.Result(
        test=analysis.label_fr if analysis else row.loinc,
        loinc=row.loinc,
        result=row.result,
        current=row.current,
        retracted=row.retracted,
        version=row.version,
        sampled_at=row.sampled_at,
        sampled_precision=row.sampled_precision,
        received_at=row.received_at,
        laboratory=names.get(row.laboratory) or details.get("laboratory", ""),
        laboratory_finess=row.laboratory,
        record_number=details.get("record", ""),
        mobile=details.get("mobile", ""),
        phone=details.get("phone", ""),
        email=details.get("email", ""),
        relative_mobile=details.get("relative_mobile", ""),
        relative_email=details.get("relative_email", ""),
        address=tuple(line for line in details.get("address", ()) if line),
        prescriber=_doctor(details.get("prescriber")),
        general_practitioner=_doctor(details.get("general_practitioner")),
        symptoms=row.symptoms,
        residence=row.residence,
        health_worker=row.health_worker,
        specimen=details.get("specimen", ""),
        device=details.get("device", ""),
        markers=tuple(f"{code}: {value}" for code, value in details.get("variants", ())),
        screened_at=details.get("screened_at", ""),
        documents=tuple(attached),
        kept_until=row.expires_on,
    )


def _doctor(practitioner: Sequence[str] | None) -> str:
    """Name and number of a practitioner as they are kept: [rpps, name], and adeli where there is no rpps."""
    rpps, name, adeli = (*(practitioner or ()), "", "", "")[:3]
    return ", ".join(part for part in (name, rpps and f"RPPS {rpps}", adeli and f"ADELI {adeli}") if part)


def _asked(one: kept.Asked) -> dossier.Asked:
    return dossier.Asked(
        number=one.number,
        kind=one.kind.value,
        state=one.standing.state.value,
        made_at=one.made_at,
        due_on=one.standing.due_on,
        asks=one.said.asks,
        answer=one.said.answer,
    )
