"""Whose number the national teleservice confirmed: a qualified INS, as far as we know one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.identifiers import ins
from rempart.foundation.identifiers.ins import Ins
from rempart.foundation.people.content import open_identity
from rempart.foundation.people.teleservice.queue import State
from rempart.foundation.vault import Keyring


def confirmed_numbers(
    cursor: CursorWrapper, persons: Collection[UUID], *, keyring: Keyring
) -> Mapping[UUID, Ins]:
    """The matricule of each of these persons that the teleservice gave for her traits and that is nobody else's here.

    What a laboratory wrote is no confirmation: whether it had asked is not kept.
    """
    if not persons:
        return {}
    cursor.execute(
        """SELECT q.person_id, i.id, i.sealed FROM people_ins_request q
           JOIN people_link l ON l.identity_id = q.gained_id AND l.person_id = q.person_id
           JOIN people_identity i ON i.id = q.gained_id
           WHERE q.person_id = ANY(%s) AND q.state = %s ORDER BY q.ended_at""",
        (list(persons), State.FOUND.value),
    )
    opened = (
        (person, open_identity(key, bytes(sealed), keyring=keyring))
        for person, key, sealed in cursor.fetchall()
    )
    return {
        person: ins.parse(found.ins, oid=found.ins_authority, sex=found.sex, born=found.birth_date)
        for person, found in opened
        if found is not None and found.ins
    }
