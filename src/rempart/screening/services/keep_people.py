"""Whose the results of a batch are: known persons found, new ones written, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, Cursor

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.people.rules import Assignment, Keys, Known, resolve
from rempart.screening.services import store
from rempart.screening.services.prepared import PreparedIdentity


class Owners:
    """Whose identities are: asked together with whatever else a batch asks first, then given, and written."""

    def __init__(self, connection: Connection[Any], identities: Iterable[PreparedIdentity]) -> None:
        every = list(identities)
        keys = {key for identity in every for key in identity.by_ins}
        keys.update([key for identity in every for key in identity.by_traits])
        self._identities = store.known_identities(connection, {identity.whole for identity in every})
        self._keys = store.known_keys(connection, keys)

    def of(
        self, cursor: Cursor[Any], identities: Iterable[PreparedIdentity], *, now: datetime
    ) -> dict[bytes, tuple[UUID, UUID]]:
        """(identity, person) of these identities, which were asked for, by their digest; those seen for the first
        time are written."""
        return _owners(cursor, identities, owners=self._identities(), known=self._keys(), now=now)


def _owners(
    cursor: Cursor[Any],
    identities: Iterable[PreparedIdentity],
    *,
    owners: dict[bytes, tuple[UUID, UUID]],
    known: dict[bytes, Known],
    now: datetime,
) -> dict[bytes, tuple[UUID, UUID]]:
    distinct = {identity.whole: identity for identity in identities}
    new = [identity for whole, identity in distinct.items() if whole not in owners]
    if not new:
        return owners
    key_rows = _renewed(new, known)
    assignments = resolve(
        [
            Keys(
                ins=identity.by_ins[0] if identity.by_ins else b"",
                traits=identity.by_traits[0] if identity.by_traits else b"",
            )
            for identity in new
        ],
        known,
        new_key=_keys_in_advance(len(new)),
    )
    _write(cursor, new, assignments, key_rows, now)
    for identity, assignment in zip(new, assignments, strict=True):
        owners[identity.whole] = (identity.id, assignment.person)
    return owners


def _write(
    cursor: Cursor[Any],
    new: Sequence[PreparedIdentity],
    assignments: Sequence[Assignment],
    key_rows: dict[bytes, tuple[Any, ...]],
    now: datetime,
) -> None:
    pairs = list(zip(new, assignments, strict=True))
    store.claim(
        cursor,
        {a.person for i, a in pairs if not a.new_person and i.by_ins and i.by_ins[0] in a.new_keys},
    )
    persons = dict.fromkeys(a.person for _, a in pairs if a.new_person)
    store.hold(cursor, {a.person for _, a in pairs} - persons.keys())
    shared = {assignment.shared_key for assignment in assignments if assignment.shared_key}
    for identity, assignment in pairs:
        for key in assignment.new_keys:
            is_ins = bool(identity.by_ins) and key == identity.by_ins[0]
            key_rows[key] = (key, assignment.person, is_ins, False)
    for key in shared & key_rows.keys():
        key_rows[key] = (*key_rows[key][:3], True)
    store.share_keys(cursor, [key for key in shared if key not in key_rows])
    store.add_people(
        cursor,
        persons=persons,
        identities=[
            (i.id, i.department, i.expires_on, i.sealed, i.whole, i.ins, i.name_birth, i.used_name_birth)
            for i in new
        ],
        links=[(i.id, a.person, a.certainty.value) for i, a in pairs],
        keys=key_rows.values(),
        now=now,
    )


def _renewed(
    identities: Iterable[PreparedIdentity], known: dict[bytes, Known]
) -> dict[bytes, tuple[Any, ...]]:
    """Rows for keys known under an earlier period only: the same person, under today's key.

    `known` learns them too.
    """
    rows: dict[bytes, tuple[Any, ...]] = {}
    for identity in identities:
        for digests, is_ins in ((identity.by_ins, True), (identity.by_traits, False)):
            if digests and digests[0] not in known:
                earlier = next((known[digest] for digest in digests[1:] if digest in known), None)
                if earlier is not None:
                    known[digests[0]] = earlier
                    rows[digests[0]] = (digests[0], earlier.person, is_ins, earlier.shared)
    return rows


def _keys_in_advance(count: int) -> Any:
    """A source of at most `count` new keys, made at once."""
    return iter(uuid7s(count)).__next__
