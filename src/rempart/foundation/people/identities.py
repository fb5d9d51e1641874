"""Reading sealed identities back, and finding them by what somebody knows of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from rempart.foundation.people.content import IdentityRecord, open_identity
from rempart.foundation.people.models import Identity
from rempart.foundation.people.rules import name_and_birth
from rempart.foundation.vault import BlindIndex, Indexer, Keyring


def read_identity(identity: UUID, *, keyring: Keyring) -> IdentityRecord | None:
    """One identity that the session may see, or None."""
    return read_identities([identity], keyring=keyring).get(identity)


def read_identities(identities: Iterable[UUID], *, keyring: Keyring) -> Mapping[UUID, IdentityRecord]:
    """The identities among these that the session may see, in one query."""
    rows = Identity.objects.filter(id__in=list(identities)).values_list("id", "sealed")
    opened = (open_identity(key, bytes(sealed), keyring=keyring) for key, sealed in rows)
    return {record.id: record for record in opened if record is not None}


def digests_of_number(number: str, *, indexer: Indexer) -> list[bytes]:
    """What the blind index of matricules holds for this one (15 characters, right key)."""
    return list(indexer.digests(BlindIndex.INS, number))


def digests_of_name(name: str, birth_date: date, *, indexer: Indexer) -> list[bytes]:
    """What the blind index of names and birth dates holds for these."""
    value = name_and_birth(name, birth_date)
    return list(indexer.digests(BlindIndex.NAME_BIRTH, value)) if value else []
