"""Everything that is kept of one person, as values: what the export shows, prints and hands over.

Nobody else is in it: of a case, what concerns the person; of an access, for whom somebody worked and as what.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

FORMAT = "rempart-dossier-1"
"""What the file says it is; data/dossier.schema.json describes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An identity as one message gave it; empty means not given."""

    birth_name: str
    used_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date | None
    birth_place: str
    number: str
    insured_number: str
    received_at: datetime
    kept_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A report that the laboratory attached to a result."""

    media_type: str
    size: int  # bytes
    title: str  # empty where the file itself is not given
    content: str  # base64; empty but in the machine-readable export


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One version of one result, and what the laboratory said beside it."""

    test: str
    loinc: str
    result: str
    current: bool
    retracted: bool
    version: int
    sampled_at: datetime
    sampled_precision: str
    received_at: datetime
    laboratory: str
    laboratory_finess: str
    record_number: str
    mobile: str
    phone: str
    email: str
    relative_mobile: str
    relative_email: str
    address: tuple[str, ...]
    prescriber: str
    general_practitioner: str
    symptoms: str
    residence: str
    health_worker: bool | None
    specimen: str
    device: str
    markers: tuple[str, ...]  # of mutations, each with its value: "C: 1"
    screened_at: str
    documents: tuple[Attached, ...]
    kept_until: date

    @property
    def attached(self) -> tuple[str, ...]:
        """The attached reports in words: what each is, and how large."""
        kinds = ((one.media_type.rpartition("/")[2].upper(), one.size) for one in self.documents)
        return tuple(f"{kind} ({-(-size // 1000)} ko)" for kind, size in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that was made for a result, with a reference to open it."""

    made_at: datetime
    usable_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case opened to call the person."""

    state: str
    department: str
    opened_on: datetime
    taken_at: datetime | None
    called_at: datetime | None
    kept_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    at: datetime
    what: str
    role: str
    organisation: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    number: str
    kind: str
    state: str
    made_at: datetime
    due_on: date
    asks: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A version of the information notice, and when it was first shown."""

    version: date
    shown_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything, as of `made_at`."""

    made_at: datetime
    identities: tuple[Identity, ...]
    results: tuple[Result, ...]
    notices: tuple[Notice, ...]
    cases: tuple[Case, ...]
    accesses: tuple[Access, ...]
    requests: tuple[Asked, ...]
    informed: tuple[Told, ...]
    objects_to_research: bool


def as_json(dossier: Dossier) -> bytes:
    """The machine-readable export: times with their zone, days as ISO dates (data/dossier.schema.json)."""
    content: dict[str, Any] = {"format": FORMAT, **asdict(dossier)}
    return json.dumps(content, ensure_ascii=False, indent=2, default=_iso).encode()


def _iso(value: object) -> str:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a dossier")
