"""What there is to correct: each identity that a current result of a person bears, and how to reach her by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.rights import Right
from rempart.foundation.people.identities import read_identities
from rempart.foundation.vault import Keyring
from rempart.screening.models import TestResult
from rempart.screening.notices.services import contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Borne:
    """An identity, when the latest result that bears it came, and what both say, by the names of the form."""

    identity: UUID
    received_at: datetime
    said: Mapping[str, Any]


def borne(*, actor: Actor, person: UUID, keyring: Keyring) -> Sequence[Borne]:
    """The identities of a person's current results, the latest first."""
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor):
        latest: dict[UUID, TestResult] = {}
        for row in TestResult.objects.filter(person_id=person, current=True).order_by("-received_at", "-id"):
            latest.setdefault(row.identity_id, row)
        records = read_identities(latest, keyring=keyring)
    found = []
    for identity, row in latest.items():
        details: Mapping[str, Any] = contact(keyring, bytes(row.sealed), row.id.bytes) or {}
        record = records.get(identity)
        if record is None:
            continue
        said = {
            "birth_name": record.birth_name,
            "used_name": record.used_name,
            "first_names": ", ".join(record.first_names),
            "sex": record.sex or "U",
            "birth_date": f"{record.birth_date:%d/%m/%Y}" if record.birth_date else "",
            "birth_place": record.birth_place,
            "ins": record.ins,
            "mobile": details.get("mobile", ""),
            "phone": details.get("phone", ""),
            "email": details.get("email", ""),
            "address": "\n".join(line for line in details.get("address", ()) if line),
        }
        found.append(Borne(identity=identity, received_at=row.received_at, said=said))
    return found
