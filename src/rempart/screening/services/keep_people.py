"""Whose the results of a batch are: known persons found, new ones written, in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.people.rules import Assignment, Keys, Known, resolve
from rempart.screening.services import store
from rempart.screening.services.prepared import PreparedIdentity


def owners_of(
    cursor: Cursor[Any], identities: Iterable[PreparedIdentity], *, now: datetime
) -> dict[bytes, tuple[UUID, UUID]]:
    """(identity, person) of every identity, by its digest; those seen for the first time are written."""
    distinct = {identity.whole: identity for identity in identities}
    owners = store.known_identities(cursor, distinct)
    new = [identity for whole, identity in distinct.items() if whole not in owners]
    if not new:
        return owners
    digests = {key for identity in new for key in (*identity.by_ins, *identity.by_traits)}
    known = store.known_keys(cursor, digests)
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
    store.insert(cursor, "stage_key", [(*row, now.date()) for row in key_rows.values()], key="key")
    store.share_keys(cursor, [key for key in shared if key not in key_rows])
    store.insert(cursor, "stage_person", [(person, now) for person in persons])
    identity_rows = [
        (
            i.id, i.department, i.expires_on, i.sealed, i.whole, i.ins, i.name_birth,
            i.used_name_birth, now,
        )
        for i in new
    ]  # fmt: skip
    store.insert(cursor, "stage_identity", identity_rows, key="whole")
    link_rows = [(i.id, a.person, a.certainty.value, now) for i, a in pairs]
    store.insert(cursor, "stage_link", link_rows)


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
