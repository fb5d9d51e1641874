"""What a laboratory says, once read: the values that travel from the decoders to the store.

The decoders fill them, the rules judge them, the services keep them. Nothing here knows a format,
a table or a clock. Field names follow annex 1 of MINSANTE n°101 (5 May 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from rempart.foundation.terminology.values import Result as Result
from rempart.foundation.terminology.values import Sex as Sex


class Status(StrEnum):
    """What the sender says of the result: keep and publish it, keep it back, replace it, take it back."""

    FINAL = "final"
    CORRECTED = "corrected"
    HELD = "held"
    RETRACTED = "retracted"


class Residence(StrEnum):
    """Item 1.4.1, where the person lives now."""

    INDIVIDUAL = "I"
    HOSPITALISED = "H"
    CARE_HOME = "E"
    PRISON = "C"
    OTHER_COLLECTIVE = "A"


class Symptoms(StrEnum):
    """Item 1.5.1, how long ago the first symptoms appeared."""

    NONE = "ASY"
    UNDER_2_DAYS = "S0"
    DAYS_2_TO_4 = "S2"
    DAYS_5_TO_7 = "S5"
    OVER_A_WEEK = "S8"
    UNKNOWN = "NSP"


class Precision(StrEnum):
    """How much of a time the message gave; what it left out is not invented."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time as a message gave it: an aware datetime, and how precise the message was.

    A time without a zone is local to the sender; below its precision the value is filled with the
    first instant (midnight, first of the month).
    """

    at: datetime
    precision: Precision

    def iso(self) -> str:
        """ISO 8601, no more precise than the message was."""
        if self.precision is Precision.DAY:
            return self.at.date().isoformat()
        if self.precision is Precision.MONTH:
            return self.at.strftime("%Y-%m")
        if self.precision is Precision.YEAR:
            return self.at.strftime("%Y")
        return self.at.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    country: str = ""
    commune: str = ""  # INSEE (COG) code, when the message gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The person tested, as written by the sender; empty means not given."""

    birth_name: str = ""
    used_name: str = ""
    first_names: tuple[str, ...] = ()
    sex: Sex | None = None
    birth_date: date | None = None
    birth_place: str = ""  # INSEE (COG) code, or 99xxx abroad
    ins: str = ""  # matricule, 15 characters when the key was given, without spaces
    ins_authority: str = ""  # OID of its assigning authority, empty when the sender gave none
    insured_number: str = ""  # social security number of the insured (item 1.2.2)
    local_id: str = ""  # the sender's own patient number
    address: Address = Address()
    phone: str = ""  # a landline
    mobile: str = ""
    email: str = ""
    relative_mobile: str = ""  # of a trusted relative, where the person has none (items 1.3.2 and 1.3.3)
    relative_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    finess: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    rpps: str = ""
    name: str = ""
    adeli: str = ""  # where he has no RPPS number (items 2.1.1 and 2.1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report of the laboratory as a file (item 4.1.4), as it was attached."""

    media_type: str  # "application/pdf", "image/png", "image/jpeg"
    content: bytes
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One analysis of one specimen of one person."""

    laboratory: Laboratory
    record_number: str
    person: Person
    analysis_code: str  # as sent (a LOINC code, or the laboratory's own)
    analysis_label: str = ""
    loinc: str = ""  # resolved; empty when the code is nobody's
    raw_result: str = ""  # as sent
    result: Result | None = None
    status: Status = Status.FINAL
    sampled_at: Moment | None = None
    validated_at: Moment | None = None
    prescriber: Practitioner = Practitioner()
    general_practitioner: Practitioner = Practitioner()
    residence: tuple[Residence, ...] = ()
    health_worker: bool | None = None
    symptoms: Symptoms | None = None
    variants: tuple[tuple[str, str], ...] = ()  # (marker, value), e.g. ("A", "1")
    screened_at: Moment | None = None  # when the positive was screened for them
    specimen: str = ""  # kind of specimen, as coded or written by the sender
    device: str = ""  # the rapid test used, by its number in the EU list of devices
    documents: tuple[Document, ...] = ()
    location: str = ""  # where in the message: "OBX[1] (segment 5)", "line 17"


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    HELD = "held"
    REJECTED = "rejected"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was wrong, where, and what to do; `code` is stable (screening/data/findings.toml)."""

    code: str
    severity: Severity
    location: str
    message: str
    do: str = ""


class Format(StrEnum):
    HL7V2 = "hl7v2"
    HPRIM_MEDECIN = "hprim-medecin"
    HPRIM_SANTE = "hprim-sante"
    CDA = "cda"
    FHIR = "fhir"
    TABLE = "table"  # CSV, XLSX
    FORM = "form"  # entered by hand
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of a delivery, read: its reports, and what the decoder found wrong with it."""

    position: int  # 0-based rank in its file
    format: Format
    raw: bytes  # the message's own bytes, as received
    control_id: str = ""  # MSH-10; empty where the format has none
    sender: str = ""  # who says he sends (MSH-4, header line 11)
    reports: tuple[Report, ...] = ()
    findings: tuple[Finding, ...] = ()
