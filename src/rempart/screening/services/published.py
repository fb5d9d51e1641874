"""What subscribers read of the results an event announces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.events.stream import Published


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedResult:
    """One version of one result, without anything nominative but the sealed contact details."""

    month: date
    id: UUID
    ledger_key: bytes
    version: int
    current: bool
    retracted: bool
    received_at: datetime
    laboratory: str
    department: str
    residence_department: str
    person_id: UUID
    identity_id: UUID
    pathogen: str
    loinc: str
    kind: str
    result: str
    sampled_at: datetime
    sampled_precision: str
    sampled_on: date
    validated_at: datetime | None
    sex: str
    age_class: str
    residence: str
    health_worker: bool | None
    symptoms: str
    expires_on: date
    sealed: bytes


COLUMNS = ", ".join(f"r.{field.name}" for field in fields(PublishedResult))


def announced(
    cursor: CursorWrapper, events: Iterable[Published], *, only: str = "true"
) -> list[PublishedResult]:
    """The results of a batch of events, in the order they were kept; `only` is a condition on `r`."""
    keys = [(month, key) for event in events for month, key in event.payload["results"]]
    cursor.execute(
        f"""SELECT {COLUMNS} FROM unnest(%s::date[], %s::uuid[]) WITH ORDINALITY AS a(month, id, rank)
            JOIN screening_result r ON r.month = a.month AND r.id = a.id
            WHERE {only} ORDER BY a.rank""",  # noqa: S608 -- conditions of ours, never of the outside
        ([month for month, _ in keys], [key for _, key in keys]),
    )
    return [published(row) for row in cursor.fetchall()]


def published(row: Sequence[object]) -> PublishedResult:
    """A row of COLUMNS as a value."""
    named = dict(zip((field.name for field in fields(PublishedResult)), row, strict=True))
    return PublishedResult(**named)  # type: ignore[arg-type]


def result_of(cursor: CursorWrapper, *, month: date, result_id: UUID) -> PublishedResult | None:
    """One version of one result, if the session may see it."""
    cursor.execute(
        f"SELECT {COLUMNS} FROM screening_result r WHERE r.month = %s AND r.id = %s",  # noqa: S608 -- ours
        (month, result_id),
    )
    row = cursor.fetchone()
    return published(row) if row else None
