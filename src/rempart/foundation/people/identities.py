"""Reading sealed identities back, and finding them by what somebody knows of a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from rempart.foundation.people.models import Identity
from rempart.foundation.people.rules import name_and_birth
from rempart.foundation.vault import BlindIndex, Indexer, KeyDestroyed, Keyring, Purpose, unseal

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRecord:
    """Traits as one message gave them; empty means not given."""

    id: UUID
    birth_name: str
    used_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date | None
    birth_place: str
    ins: str

    @property
    def display_name(self) -> str:
        """Family name in capitals, then the first given name, as agents read lists."""
        family = (self.birth_name or self.used_name).upper()
        used = self.used_name.upper()
        both = f"{family} ({used})" if used and used != family else family
        return f"{both} {self.first_names[0] if self.first_names else ''}".strip()


def identity_content(
    *,
    birth_name: str,
    used_name: str,
    first_names: tuple[str, ...],
    sex: str,
    birth_date: date | None,
    birth_place: str,
    ins: str,
    ins_authority: str,
    insured_number: str,
) -> str:
    """An identity as it is sealed."""
    return _encode(
        [
            birth_name, used_name, first_names, sex, birth_date.isoformat() if birth_date else "",
            birth_place, ins, ins_authority, insured_number,
        ]
    )  # fmt: skip


def open_identity(identity: UUID, sealed: bytes, *, keyring: Keyring) -> IdentityRecord | None:
    """The traits of a sealed identity, or None once its day has passed."""
    try:
        content = unseal(keyring, sealed, purpose=Purpose.IDENTITY, context=identity.bytes)
    except KeyDestroyed:
        return None
    birth_name, used_name, first_names, sex, born, birth_place, ins, *_ = json.loads(content)
    return IdentityRecord(
        id=identity,
        birth_name=birth_name,
        used_name=used_name,
        first_names=tuple(first_names),
        sex=sex,
        birth_date=date.fromisoformat(born) if born else None,
        birth_place=birth_place,
        ins=ins,
    )


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
