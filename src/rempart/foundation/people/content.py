"""What an identity says: how it is written before it is sealed, and read once it is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, unseal


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
    insured_number: str = ""
    ins_authority: str = ""

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
) -> bytes:
    """An identity as it is sealed."""
    return orjson.dumps(
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
    return read_content(identity, content)


def read_content(identity: UUID, content: bytes) -> IdentityRecord:
    """The traits of an identity that was unsealed."""
    birth_name, used_name, first_names, sex, born, birth_place, ins, authority, insured = orjson.loads(
        content
    )
    return IdentityRecord(
        id=identity,
        birth_name=birth_name,
        used_name=used_name,
        first_names=tuple(first_names),
        sex=sex,
        birth_date=date.fromisoformat(born) if born else None,
        birth_place=birth_place,
        ins=ins,
        insured_number=insured,
        ins_authority=authority,
    )
