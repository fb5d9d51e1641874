"""The values between reading and keeping: what a delivery brought, judged, then prepared.

A prepared message is all that the store needs. What it keeps of a person is sealed already; the message itself is
sealed when it must be kept, which few are. Three of these values are made for each message, hence named tuples: a
frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from rempart.foundation.database.keys import uuid7
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Format, Item, Outcome, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that was brought, of which batches are parts."""

    id: UUID = field(default_factory=uuid7)
    channel: str
    laboratory: str
    size: int
    digest: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One message, read and judged, and the delivery that brought it."""

    item: Item
    judgement: Judgement
    delivery: Delivery


def delivery_of(payload: bytes, *, channel: str, laboratory: str) -> Delivery:
    """A delivery that begins now."""
    return Delivery(
        channel=channel,
        laboratory=laboratory,
        size=len(payload),
        digest=hashlib.sha256(payload).digest(),
        received_at=datetime.now(UTC),
    )


class PreparedIdentity(NamedTuple):
    """An identity ready to be kept; `id` serves only if the store does not have it yet."""

    id: UUID
    whole: bytes
    by_ins: tuple[bytes, ...]  # matching keys, the current period's first; empty without a matricule
    by_traits: tuple[bytes, ...]
    department: str
    expires_on: date
    sealed: bytes
    ins: bytes | None
    name_birth: bytes | None
    used_name_birth: bytes | None


def packed(title: str, content: bytes) -> bytes:
    """An attached report as it is sealed: its title, which is one line, and its bytes."""
    return b"%b\n%b" % (title.replace("\n", " ").encode(), content)


class PreparedDocument(NamedTuple):
    """An attached report ready to be kept beside a result."""

    id: UUID
    media_type: str
    size: int  # bytes
    sealed: bytes


class PreparedResult(NamedTuple):
    """A result ready to be kept as a version; `values` are the columns that depend on the report only."""

    id: UUID
    status: Status
    location: str
    ledger_keys: tuple[bytes, ...]  # the current period's first
    contents: tuple[bytes, ...]  # digests of what it says, likewise
    identity: PreparedIdentity
    values: tuple[object, ...]
    documents: tuple[PreparedDocument, ...] = ()


VALUE_COLUMNS = (
    "laboratory", "department", "residence_department", "pathogen", "loinc", "kind", "result",
    "sampled_at", "sampled_precision", "sampled_on", "validated_at", "sex", "age_class", "residence",
    "health_worker", "symptoms", "expires_on", "sealed",
)  # fmt: skip


class PreparedMessage(NamedTuple):
    """A message ready to be kept, with the results that were accepted."""

    delivery: Delivery
    position: int
    format: Format
    laboratory: str  # FINESS of who brought it, else of who says he sends; empty when neither is known
    department: str  # of that laboratory
    outcome: Outcome
    findings: tuple[Finding, ...]
    keys: tuple[bytes, ...]  # of its sender and control id, the current period's first
    own_keys: Callable[[], tuple[bytes, ...]]  # of its sender, id and bytes: its own even if the id is reused
    bodies: tuple[bytes, ...]  # digests of its bytes
    seal: Callable[[], bytes]  # its bytes, sealed: kept unless it is accepted
    sealed_until: date
    results: tuple[PreparedResult, ...]
