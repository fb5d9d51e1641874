"""A corrected identity of a person: a new record beside the one it corrects, linked to the same person.

Nothing is overwritten: the record as it was received stays, with its link, until its day.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7
from rempart.foundation.people.content import identity_content
from rempart.foundation.people.found_by import found_by
from rempart.foundation.people.models import Identity
from rempart.foundation.people.rules import Certainty
from rempart.foundation.vault import BlindIndex, Indexer, Keyring, Purpose, Sealer, unseal
from rempart.foundation.vault.indexing import DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What an identity shall say; empty means not known."""

    birth_name: str
    used_name: str
    first_names: tuple[str, ...]
    sex: str
    birth_date: date | None
    birth_place: str
    ins: str


def correct_identity(
    cursor: CursorWrapper, *, identity: UUID, person: UUID, traits: Traits, department: str, expires_on: date,
    keyring: Keyring, now: datetime, authority: str = "", certainty: Certainty = Certainty.CERTAIN,
) -> UUID:  # fmt: skip
    """Keep what an identity should have said, found by its own values; the key of the new record.

    `authority`: who assigned the number, where that is known; else it stays as it was received with that number, as
    the insured person's does. A matching key that already is somebody's stays his; a link to review gives none. Raises
    KeyDestroyed once the day of the identity has passed.
    """
    before = Identity.objects.get(pk=identity)
    said = json.loads(unseal(keyring, bytes(before.sealed), purpose=Purpose.IDENTITY, context=identity.bytes))
    ins_authority, insured_number = said[7], said[8]
    key = uuid7()
    content = identity_content(
        birth_name=traits.birth_name,
        used_name=traits.used_name,
        first_names=traits.first_names,
        sex=traits.sex,
        birth_date=traits.birth_date,
        birth_place=traits.birth_place,
        ins=traits.ins,
        ins_authority=authority or (ins_authority if traits.ins == said[6] else ""),
        insured_number=insured_number,
    )
    values = found_by(
        birth_name=traits.birth_name,
        used_name=traits.used_name,
        first_names=traits.first_names,
        sex=traits.sex,
        birth_date=traits.birth_date,
        ins=traits.ins,
    )
    indexer = Indexer(keyring, now.date())

    def digest(index: BlindIndex, value: str) -> bytes | None:
        return indexer.digest(index, value) if value else None

    Identity.objects.create(
        id=key,
        department=department,
        expires_on=expires_on,
        sealed=Sealer(keyring, Purpose.IDENTITY, expires_on).seal(content, context=key.bytes),
        whole=secrets.token_bytes(DIGEST_BYTES),  # shared with nothing that a laboratory sends
        ins=digest(BlindIndex.INS, values.ins),
        name_birth=digest(BlindIndex.NAME_BIRTH, values.name_birth),
        used_name_birth=digest(BlindIndex.NAME_BIRTH, values.used_name_birth),
        created_at=now,
    )
    cursor.execute(
        "INSERT INTO people_link (identity_id, person_id, certainty, made_at) VALUES (%s, %s, %s, %s)",
        (key, person, certainty.value, now),
    )
    for index, value in (
        (BlindIndex.PERSON_INS, values.person_ins),
        (BlindIndex.PERSON_TRAITS, values.person_traits),
    ):
        if value and certainty is Certainty.CERTAIN:
            cursor.execute(
                """INSERT INTO people_matching_key (key, person_id, is_ins, shared, made_on)
                   VALUES (%s, %s, %s, false, %s) ON CONFLICT DO NOTHING""",
                (indexer.digest(index, value), person, index is BlindIndex.PERSON_INS, now.date()),
            )
    return key
