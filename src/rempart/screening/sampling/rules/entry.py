"""A result entered by hand: what the form says, as the report that the road of results takes.

Record number and control id follow from the key that the empty form carries: sent twice, it is one message.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
class Sampler:
    """Who tested, and where: `establishment` is its FINESS number, or the number by which health insurance knows a
    practice that has none (docs/decisions/033-by-hand.md); `rpps` is empty for an account without one."""

    establishment: str
    organisation: str
    rpps: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One test of one person, as it is entered. `sampled_at` is aware, to the minute."""

    registration: Registration
    loinc: str
    result: Result
    sampled_at: datetime
    device: str = ""  # the rapid test used, by its number in the EU list


class State(StrEnum):
    """What became of an entry."""

    KEPT = "kept"
    CORRECTED = "corrected"
    RETRACTED = "retracted"


def record_number(entry: UUID) -> str:
    """The record number of an entry: thirteen letters and digits, unguessable, which the person
    finds on the certificate."""
    digest = hashlib.blake2b(entry.bytes, digest_size=_RECORD_BYTES, person=b"rempart-entry").digest()
    return base64.b32encode(digest).decode().rstrip("=")


def item_of(
    entry: Entry,
    *,
    id: UUID,
    version: int,
    sampler: Sampler,
    analysis: Analysis,
    status: Status,
    now: datetime,
) -> Item:
    """The message that one version of an entry is. Sent twice it has the same control id and the same bytes (`now`, when
    the result was validated by being sent, is not among them); two who change the same version clash."""
    record = record_number(id)
    person = entry.registration.person
    report = Report(
        laboratory=Laboratory(finess=sampler.establishment, name=sampler.organisation),
        record_number=record,
        person=person,
        analysis_code=analysis.loinc,
        analysis_label=analysis.label_fr,
        loinc=analysis.loinc,
        raw_result=entry.result.value,
        result=entry.result,
        status=status,
        sampled_at=Moment(at=entry.sampled_at, precision=Precision.MINUTE),
        validated_at=Moment(
            at=max(now, entry.sampled_at), precision=Precision.SECOND
        ),  # clocks differ a little
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
        "establishment": sampler.establishment,
        "rpps": sampler.rpps,
        **entry_values(entry),
    }
    return Item(
        position=0,
        format=Format.FORM,
        raw=json.dumps(said, ensure_ascii=False, sort_keys=True).encode(),
        control_id=f"{id}:{version}",
        sender=sampler.establishment,
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
