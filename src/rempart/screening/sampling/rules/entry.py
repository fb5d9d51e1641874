"""A result entered by hand: what the form says, as the report that the road of results takes.

The record number and the control id of an entry follow from the token of its form: sent twice, it is one message.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rempart.foundation.terminology import Analysis
from rempart.screening.rules.report import (
    Format,
    Item,
    Laboratory,
    Moment,
    Precision,
    Report,
    Result,
    Status,
)
from rempart.screening.sampling.rules.registration import Registration, as_values, registration_of

_RECORD_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tester:
    """Who tested, and where: `establishment` is its FINESS number, or the number by which health insurance knows a
    practice that has none (docs/decisions/033-by-hand.md); `rpps` is empty for an account without one."""

    establishment: str
    organisation: str
    rpps: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One test of one person, as it was entered. `sampled_at` is aware, to the minute."""

    registration: Registration
    loinc: str
    result: Result
    sampled_at: datetime
    device: str = ""  # the rapid test used, by its number in the EU list


def record_number(entry: UUID) -> str:
    """The record number of the first form of an entry: thirteen letters and digits, unguessable, which the person
    finds on the certificate."""
    digest = hashlib.blake2b(entry.bytes, digest_size=_RECORD_BYTES, person=b"rempart-entry").digest()
    return base64.b32encode(digest).decode().rstrip("=")


def item_of(
    entry: Entry, *, record: str, token: UUID, tester: Tester, analysis: Analysis, status: Status, now: datetime
) -> Item:
    """The message that an entry is. Its bytes say the same each time the same form is sent; `now`, when the result
    was validated by being sent, is not among them."""
    person = entry.registration.person
    report = Report(
        laboratory=Laboratory(finess=tester.establishment, name=tester.organisation),
        record_number=record,
        person=person,
        analysis_code=analysis.loinc,
        analysis_label=analysis.label_fr,
        loinc=analysis.loinc,
        raw_result=entry.result.value,
        result=entry.result,
        status=status,
        sampled_at=Moment(at=entry.sampled_at, precision=Precision.MINUTE),
        validated_at=Moment(at=now, precision=Precision.SECOND),
        prescriber=entry.registration.prescriber,
        general_practitioner=entry.registration.general_practitioner,
        residence=entry.registration.residence,
        health_worker=entry.registration.health_worker,
        symptoms=entry.registration.symptoms,
        device=entry.device,
        location="form",
    )
    said = {
        "record": record,
        "status": status.value,
        "establishment": tester.establishment,
        "rpps": tester.rpps,
        **entry_values(entry),
    }
    return Item(
        position=0,
        format=Format.FORM,
        raw=json.dumps(said, ensure_ascii=False, sort_keys=True).encode(),
        control_id=str(token),
        sender=tester.establishment,
        reports=(report,),
    )


def entry_values(entry: Entry) -> dict[str, Any]:
    """An entry as plain values, to be sealed; `entry_of` reads them back."""
    return {
        "registration": as_values(entry.registration),
        "loinc": entry.loinc,
        "result": entry.result.value,
        "sampled_at": entry.sampled_at.isoformat(),
        "device": entry.device,
    }


def entry_of(values: Mapping[str, Any]) -> Entry:
    """An entry from the values of `entry_values`, after their way through JSON."""
    return Entry(
        registration=registration_of(values["registration"]),
        loinc=values["loinc"],
        result=Result(values["result"]),
        sampled_at=datetime.fromisoformat(values["sampled_at"]),
        device=values["device"],
    )
