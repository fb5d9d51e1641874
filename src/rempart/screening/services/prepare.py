"""From a judged message to what is kept of it: jurisdiction, age, digests and seals.

Everything here is computed before the transaction begins, so that the transaction is short.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.directories.sites import sites_of
from rempart.foundation.facts import age_class
from rempart.foundation.identifiers import finess
from rempart.foundation.people.content import identity_content
from rempart.foundation.people.found_by import found_by
from rempart.foundation.retention import Kind, retention
from rempart.foundation.terminology import Analysis, Pathogen
from rempart.foundation.territories import department_of, zone_of
from rempart.foundation.vault import BlindIndex, Indexer, Keyring, Purpose, Sealer
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.judging import Judgement, is_taken
from rempart.screening.rules.report import (
    Document,
    Item,
    Outcome,
    Person,
    Practitioner,
    Report,
    Result,
    Sex,
    Status,
)
from rempart.screening.services.prepared import (
    Delivery,
    Judged,
    PreparedDocument,
    PreparedIdentity,
    PreparedMessage,
    PreparedResult,
    packed,
)

_KEYS_AT_ONCE = 512
_PUBLISHED = frozenset({Status.FINAL, Status.CORRECTED, Status.RETRACTED})


class Preparer:
    """Prepares the messages of one batch: the keys of the day are looked up once."""

    def __init__(self, *, keyring: Keyring, pathogen: Pathogen, now: datetime) -> None:
        self._keyring = keyring
        self._pathogen = pathogen
        today = now.date()
        kept = pathogen.policy_on(today).retention_days
        self._expiry = {result: today + timedelta(days=kept[result.value]) for result in Result}
        self._refused_until = retention(Kind.REFUSED_MESSAGE).last_day(today, today=today)
        index = Indexer(keyring, today).of
        self._messages, self._bodies = index(BlindIndex.MESSAGE), index(BlindIndex.BODY)
        self._records, self._said = index(BlindIndex.RECORD), index(BlindIndex.CONTENT)
        self._identities = index(BlindIndex.IDENTITY)
        self._by_ins, self._by_traits = index(BlindIndex.PERSON_INS), index(BlindIndex.PERSON_TRAITS)
        self._numbers, self._names = index(BlindIndex.INS), index(BlindIndex.NAME_BIRTH)
        self._sealers: dict[tuple[Purpose, date], Sealer] = {}
        self._keys = _keys()

    def message(self, judged: Judged, *, speaks_for: str = "") -> PreparedMessage:
        """A message ready to be kept.

        `speaks_for`: the FINESS number of the laboratory whose machine brought it, which may speak for
        itself and its sites only (L04); empty when anybody's messages may come this way.
        """
        item, delivery = judged.item, judged.delivery
        judgement = _only_its_own(judged, speaks_for) if speaks_for else judged.judgement
        sender = _sender(judged)
        return PreparedMessage(
            delivery=delivery,
            position=item.position,
            format=item.format,
            laboratory=_laboratory(judged),
            department=finess.parse(delivery.laboratory or item.sender).department,
            outcome=judgement.outcome,
            findings=judgement.findings,
            keys=self._messages.every(f"{sender}|{item.control_id or _digest(item)}".encode()),
            own_keys=partial(self._own_keys, sender, item),
            bodies=self._bodies.every(item.raw),
            seal=partial(self._seal, item, delivery),
            sealed_until=self._refused_until,
            results=tuple(self._results(item.reports)) if judgement.outcome is Outcome.ACCEPTED else (),
        )

    def _own_keys(self, sender: str, item: Item) -> tuple[bytes, ...]:
        return self._messages.every(f"{sender}|{item.control_id}|{_digest(item)}".encode())

    def _seal(self, item: Item, delivery: Delivery) -> bytes:
        context = delivery.id.bytes + item.position.to_bytes(4, "big")
        return self._sealer(Purpose.DELIVERY, self._refused_until).seal(item.raw, context=context)

    def _results(self, reports: tuple[Report, ...]) -> Iterator[PreparedResult]:
        """The results of an accepted message that the platform keeps: published analyses, with a result."""
        for report in reports:
            analysis = self._pathogen.analysis(report.loinc)
            if (
                analysis is not None
                and analysis.published
                and report.result is not None
                and report.status in _PUBLISHED
                and report.sampled_at is not None
                and is_taken(report, self._pathogen)
            ):
                yield self._result(report, analysis, report.result)

    def _sealer(self, purpose: Purpose, expires_on: date) -> Sealer:
        known = self._sealers.get((purpose, expires_on))
        if known is None:
            known = self._sealers[purpose, expires_on] = Sealer(self._keyring, purpose, expires_on)
        return known

    def _result(self, report: Report, analysis: Analysis, result: Result) -> PreparedResult:
        assert report.sampled_at is not None  # noqa: S101 -- _results lets no other through
        laboratory = finess.normalise(report.laboratory.finess)
        laboratory_department = finess.parse(laboratory).department
        residence = _residence_department(report.person)
        sampled_on = report.sampled_at.at.astimezone(_zone(laboratory_department)).date()
        expires_on = self._expiry[result]
        department = residence or laboratory_department
        key = next(self._keys)
        contact = _contact(report)
        sealed = self._sealer(Purpose.CONTACT, expires_on).seal(
            _described(contact, report), context=key.bytes
        )
        written = _identity_content(report.person)
        sampled_at = report.sampled_at
        values = (
            laboratory, department, residence, self._pathogen.name, analysis.loinc, analysis.kind.value,
            result.value, sampled_at.at, sampled_at.precision.value, sampled_on,
            report.validated_at.at if report.validated_at else None,
            (report.person.sex or Sex.UNKNOWN).value,
            age_class(report.person.birth_date, sampled_on),
            "".join(kind.value for kind in report.residence),
            report.health_worker,
            report.symptoms.value if report.symptoms else "",
            expires_on, sealed,
        )  # fmt: skip
        documents = self._documents(report, expires_on) if report.documents else ()
        record = f"{laboratory}|{report.record_number}|{analysis.loinc}"
        return PreparedResult(
            id=key,
            status=report.status,
            location=report.location,
            ledger_keys=self._records.every(record.encode()),
            contents=self._said.every(
                _content(
                    values,
                    retracted=report.status is Status.RETRACTED,
                    contact=contact,
                    identity=written,
                    documents=report.documents,
                )
            ),
            identity=self._identity(report.person, written, department, expires_on),
            values=values,
            documents=documents,
        )

    def _documents(self, report: Report, expires_on: date) -> tuple[PreparedDocument, ...]:
        """The attached reports, each sealed for its own key until the day of the result."""
        sealer = self._sealer(Purpose.DOCUMENT, expires_on)
        found = []
        for document in report.documents:
            key = next(self._keys)
            content = packed(document.title, document.content)
            found.append(
                PreparedDocument(
                    id=key,
                    media_type=document.media_type,
                    size=len(document.content),
                    sealed=sealer.seal(content, context=key.bytes),
                )
            )
        return tuple(found)

    def _identity(
        self, person: Person, written: bytes, department: str, expires_on: date
    ) -> PreparedIdentity:
        values = found_by(
            birth_name=person.birth_name,
            used_name=person.used_name,
            first_names=person.first_names,
            sex=(person.sex or Sex.UNKNOWN).value,
            birth_date=person.birth_date,
            ins=person.ins,
        )
        by_ins = self._by_ins.every(values.person_ins.encode()) if values.person_ins else ()
        by_traits = self._by_traits.every(values.person_traits.encode()) if values.person_traits else ()
        key = next(self._keys)
        return PreparedIdentity(
            id=key,
            whole=self._identities.current(b"%b|%b" % (f"{department}|{expires_on}".encode(), written)),
            by_ins=by_ins,
            by_traits=by_traits,
            department=department,
            expires_on=expires_on,
            sealed=self._sealer(Purpose.IDENTITY, expires_on).seal(written, context=key.bytes),
            ins=self._numbers.current(values.ins.encode()) if values.ins else None,
            name_birth=self._names.current(values.name_birth.encode()) if values.name_birth else None,
            used_name_birth=(
                self._names.current(values.used_name_birth.encode()) if values.used_name_birth else None
            ),
        )


def _digest(item: Item) -> str:
    return hashlib.sha256(item.raw).hexdigest()


def _only_its_own(judged: Judged, laboratory: str) -> Judgement:
    """A laboratory's machine speaks for its own FINESS number, and those of its sites, only (L04)."""
    said = {finess.normalise(r.laboratory.finess): r for r in judged.item.reports}
    said.pop(laboratory, None)
    foreign = next((r for number, r in said.items() if number not in sites_of(laboratory)), None)
    if foreign is None:
        return judged.judgement
    refused = finding("L04", "not_its_own", foreign.location)
    return replace(judged.judgement, outcome=Outcome.REJECTED, findings=(*judged.judgement.findings, refused))


def _sender(judged: Judged) -> str:
    """Whose control ids a message's is one of: the laboratory of the key, and who the message says it is
    where that is somebody else."""
    brought_by, says = judged.delivery.laboratory, judged.item.sender
    return says if not brought_by or finess.normalise(says) == brought_by else f"{brought_by}|{says}"


def _laboratory(judged: Judged) -> str:
    """Whose message it is: of the key that brought it, else of the FINESS number under which it says it comes."""
    return judged.delivery.laboratory or _number(judged.item.sender)


@lru_cache(maxsize=16_384)
def _number(sender: str) -> str:
    return finess.normalise(sender) if finess.is_valid(sender) else ""


def _keys() -> Iterator[UUID]:
    while True:
        yield from uuid7s(_KEYS_AT_ONCE)


@lru_cache(maxsize=128)
def _zone(department: str) -> ZoneInfo:
    return zone_of(department)


def _residence_department(person: Person) -> str:
    address = person.address
    if address.country and address.country.upper() not in ("FRA", "FR", "FRANCE"):
        return ""
    return department_of(address.postal_code, commune=address.commune)


def _identity_content(person: Person) -> bytes:
    return identity_content(
        birth_name=person.birth_name,
        used_name=person.used_name,
        first_names=person.first_names,
        sex=person.sex.value if person.sex else "",
        birth_date=person.birth_date,
        birth_place=person.birth_place,
        ins=person.ins,
        ins_authority=person.ins_authority,
        insured_number=person.insured_number,
    )


def _practitioner(practitioner: Practitioner) -> list[str]:
    said = [practitioner.rpps, practitioner.name]
    return [*said, practitioner.adeli] if practitioner.adeli else said


def _contact(report: Report) -> bytes:
    """What is sealed beside a result, as JSON. A field of later days is written where it was given only: what a
    result said before it existed must stay the same text, by which repeats are known."""
    person, address = report.person, report.person.address
    said = {
        "record": report.record_number,
        "laboratory": report.laboratory.name,
        "local_id": person.local_id,
        "phone": person.phone,
        "mobile": person.mobile,
        "email": person.email,
        "address": [*address.lines, f"{address.postal_code} {address.city}".strip()],
        "prescriber": _practitioner(report.prescriber),
        "general_practitioner": _practitioner(report.general_practitioner),
        "variants": report.variants,
    }
    if person.relative_mobile:
        said["relative_mobile"] = person.relative_mobile
    if person.relative_email:
        said["relative_email"] = person.relative_email
    if report.device:
        said["device"] = report.device
    if report.screened_at:
        said["screened_at"] = report.screened_at.iso()
    return orjson.dumps(said)


def _described(contact: bytes, report: Report) -> bytes:
    """The same with the kind of specimen, which makes no other result: messages named it before it was read, and a
    laboratory that sends them again corrects nothing."""
    if not report.specimen:
        return contact
    return b"%b,%b" % (contact[:-1], orjson.dumps({"specimen": report.specimen})[1:])


def _content(
    values: tuple[object, ...],
    *,
    retracted: bool,
    contact: bytes,
    identity: bytes,
    documents: tuple[Document, ...],
) -> bytes:
    """What makes a result the same as before: everything the sender said, status corrections aside."""
    stays = values[:-2]  # neither the day of expiry nor the seal, which change with the day
    attached = "".join([hashlib.sha256(one.content).hexdigest() for one in documents])
    return b"%b%b%b%b" % (f"{stays!r}{retracted}".encode(), contact, identity, attached.encode())
