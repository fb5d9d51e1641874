"""An answer becomes a new identity record of the person: beside what was received, linked, reversible.

Nobody is joined: where the number already is another person's here, the new record stays with this one, and its link
is to review.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.people.content import IdentityRecord, open_identity
from rempart.foundation.people.correcting import Traits as Corrected
from rempart.foundation.people.correcting import correct_identity
from rempart.foundation.people.found_by import found_by
from rempart.foundation.people.models import Identity, Link
from rempart.foundation.people.rules import Certainty
from rempart.foundation.people.teleservice.rules import NationalIdentity, Traits
from rempart.foundation.vault import BlindIndex, Indexer, Keyring


class Gone(Exception):
    """The identity, or its key, is no longer there."""


def known_traits(identity: UUID, *, keyring: Keyring) -> Traits:
    """What an identity says of somebody, to ask about him. Raises Gone."""
    said = _said(Identity.objects.filter(pk=identity).first(), keyring)
    return Traits(
        birth_name=said.birth_name or said.used_name,
        first_names=said.first_names,
        sex=said.sex,
        birth_date=said.birth_date,
        birth_place=said.birth_place,
    )


def gain(
    cursor: CursorWrapper, *, identity: UUID, found: NationalIdentity, keyring: Keyring, now: datetime
) -> tuple[UUID, UUID, Certainty]:
    """Keep the national identity beside the one that was asked about; the new record, its person, how sure its link is.

    To review when another person has the number already, at this moment too: of two that gain it at once, one comes
    first. Raises Gone.
    """
    before = Identity.objects.filter(pk=identity).first()
    said = _said(before, keyring)
    link = Link.objects.filter(identity_id=identity).first()
    if before is None or link is None:
        raise Gone
    person = link.person_id
    owner = _claim_number(cursor, person, found, keyring=keyring, now=now)
    certainty = Certainty.CERTAIN if owner == person else Certainty.TO_REVIEW
    key = correct_identity(
        cursor,
        identity=identity,
        person=person,
        traits=Corrected(
            birth_name=found.birth_name,
            used_name=said.used_name,
            first_names=found.first_names,
            sex=found.sex,
            birth_date=found.birth_date,
            birth_place=found.birth_place,
            ins=found.number,
        ),
        department=before.department,
        expires_on=before.expires_on,
        keyring=keyring,
        now=now,
        authority=found.authority,
        certainty=certainty,
    )
    return key, person, certainty


def _claim_number(
    cursor: CursorWrapper, person: UUID, found: NationalIdentity, *, keyring: Keyring, now: datetime
) -> UUID:
    """Whose number it is here, after it was claimed for this person, under any index key that is alive. Raises Gone
    when the person has another one by now."""
    value = found_by(
        birth_name=found.birth_name,
        used_name="",
        first_names=found.first_names,
        sex=found.sex,
        birth_date=found.birth_date,
        ins=found.number,
    ).person_ins
    newest, *older = Indexer(keyring, now.date()).digests(BlindIndex.PERSON_INS, value)
    cursor.execute(
        "SELECT key = ANY(%s), person_id FROM people_matching_key WHERE key = ANY(%s) OR (person_id = %s AND is_ins)",
        ([newest, *older], [newest, *older], person),
    )
    known = cursor.fetchall()
    if owner := next((whose for is_it, whose in known if is_it), None):
        return UUID(str(owner))
    if known:
        raise Gone
    cursor.execute(
        """
        INSERT INTO people_matching_key (key, person_id, is_ins, shared, made_on) VALUES (%s, %s, true, false, %s)
        ON CONFLICT (key) DO UPDATE SET person_id = people_matching_key.person_id RETURNING person_id
        """,
        (newest, person, now.date()),
    )
    return UUID(str(cursor.fetchone()[0]))


def _said(row: Identity | None, keyring: Keyring) -> IdentityRecord:
    found = None if row is None else open_identity(row.pk, bytes(row.sealed), keyring=keyring)
    if found is None:
        raise Gone
    return found
