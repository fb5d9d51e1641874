"""Keeping results longer, or less long, than the day they were sealed for: sealed again under another day.

What a seal is bound to, and what it holds, stays; only its day changes, in the row and in the seal.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, Sealer, unseal
from rempart.foundation.vault.indexing import DIGEST_BYTES

OUT_OF_SIGHT = ""
"""The department of what is kept for a judge only: no agent's session sees it."""


SEALED_UNDER = {
    Purpose.IDENTITY: "people_identity",
    Purpose.CONTACT: "screening_result",
    Purpose.DOCUMENT: "screening_document",
}
"""Where what is sealed for these purposes lies, with the day of its seal in `expires_on`; nowhere else."""

_MOVING = (
    0x6D6F76696E67  # "moving": the advisory lock of whoever seals under another day, or destroys its key
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One version of one result, whose it is and until when it is kept."""

    month: date
    id: UUID
    person_id: UUID
    received_on: date
    pathogen: str
    result: str
    expires_on: date


_KEPT = """r.month, r.id, r.person_id, (r.received_at AT TIME ZONE 'UTC')::date, r.pathogen, r.result, r.expires_on"""


def of_person(cursor: CursorWrapper, person: UUID) -> list[Kept]:
    """Every version of every result of a person, locked until the end of the transaction."""
    cursor.execute(
        f"SELECT {_KEPT} FROM screening_result r WHERE r.person_id = %s ORDER BY r.id FOR UPDATE",  # noqa: S608
        (person,),
    )
    return [_kept(row) for row in cursor.fetchall()]


def received(
    cursor: CursorWrapper,
    days: Sequence[tuple[date, str, date, date]],
    *,
    pathogen: str,
    but: Iterable[UUID],
    most: int,
) -> list[tuple[Kept, date]]:
    """Results received on a day that are kept until another than they should be, and that other one.

    `days`: (day of reception, result, until when they are kept, until when they should be). Results of the
    persons in `but` are left out, and those that somebody else holds.
    """
    cursor.execute(
        f"""SELECT {_KEPT}, d.due
            FROM unnest(%s::date[], %s::text[], %s::date[], %s::date[]) AS d (day, result, was, due)
            JOIN screening_result r ON r.expires_on = d.was AND r.result = d.result
                AND r.month = date_trunc('month', d.day)::date
                AND (r.received_at AT TIME ZONE 'UTC')::date = d.day
            WHERE r.pathogen = %s AND r.person_id <> ALL (%s)
            LIMIT %s FOR UPDATE OF r SKIP LOCKED""",  # noqa: S608 -- our own columns
        (*map(list, zip(*days, strict=True)), pathogen, list(but), most),
    )
    return [(_kept(row[:-1]), row[-1]) for row in cursor.fetchall()]


def move(
    cursor: CursorWrapper,
    until: Mapping[tuple[date, UUID], date],
    *,
    persons: Iterable[UUID],
    keyring: Keyring,
    today: date,
    accesses: bool,
) -> int:
    """Keep these results (month, id) until these days, with the identities they bear; how many could be.

    `persons`: whose they are. `accesses`: whether the references of the portal follow, and the laboratories' calls. What cannot be
    opened any more is left to be forgotten; what is to be kept until a day that is past keeps its seal, and
    is forgotten likewise.
    """
    months, ids = zip(*until, strict=True) if until else ((), ())
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_MOVING,))
    cursor.execute(
        """SELECT r.month, r.id, r.identity_id, r.sealed FROM screening_result r
           JOIN unnest(%s::date[], %s::uuid[]) AS k (month, id) USING (month, id) FOR UPDATE OF r""",
        (list(months), list(ids)),
    )
    sealers = _Sealers(keyring, today)
    moved = []
    identities = set()
    for month, key, identity, sealed in cursor.fetchall():
        again = sealers.again(Purpose.CONTACT, bytes(sealed), until[month, key], context=key.bytes)
        if again is not None:
            moved.append((month, key, until[month, key], again))
            identities.add(identity)
    if not moved:
        return 0
    cursor.execute(
        """UPDATE screening_result r SET expires_on = m.until, sealed = m.sealed
           FROM unnest(%s::date[], %s::uuid[], %s::date[], %s::bytea[]) AS m (month, id, until, sealed)
           WHERE r.month = m.month AND r.id = m.id""",
        [list(column) for column in zip(*moved, strict=True)],
    )
    _move_documents(cursor, {key: day for _, key, day, _ in moved}, sealers)
    if accesses:
        cursor.execute(
            """WITH moved AS (SELECT * FROM unnest(%s::uuid[], %s::date[]) AS m (id, until)),
                   calls AS (UPDATE screening_call c SET expires_on = m.until FROM moved m WHERE c.result_id = m.id)
               UPDATE screening_access a SET expires_on = m.until FROM moved m WHERE a.result_id = m.id""",
            ([row[1] for row in moved], [row[2] for row in moved]),
        )
    _move_identities(cursor, identities, list(persons), sealers)
    return len(moved)


def hide(cursor: CursorWrapper, results: Sequence[tuple[date, UUID]]) -> None:
    """Take results, and the identities that no other result of the same person bears, out of every
    department's sight."""
    months, ids = [list(column) for column in zip(*results, strict=True)] or [[], []]
    cursor.execute(
        """WITH hidden AS (
               UPDATE screening_result r SET department = %s
               FROM unnest(%s::date[], %s::uuid[]) AS k (month, id) WHERE r.month = k.month AND r.id = k.id
               RETURNING r.id, r.person_id, r.identity_id)
           UPDATE people_identity i SET department = %s FROM hidden h
           WHERE i.id = h.identity_id AND NOT EXISTS (
               SELECT FROM screening_result o WHERE o.person_id = h.person_id AND o.identity_id = i.id
                  AND o.department <> %s AND o.id NOT IN (SELECT id FROM hidden))""",
        (OUT_OF_SIGHT, months, ids, OUT_OF_SIGHT, OUT_OF_SIGHT),
    )
    cursor.execute(
        "UPDATE screening_document SET department = %s WHERE result_id = ANY(%s)", (OUT_OF_SIGHT, ids)
    )


def without_seal(
    cursor: CursorWrapper, days: Mapping[Purpose, Sequence[date]]
) -> Mapping[Purpose, Sequence[date]]:
    """Those of these days under which no identity, contact or document is sealed; until the end of the transaction
    nothing is moved to one of them."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_MOVING,))
    found = {}
    for purpose, table in SEALED_UNDER.items():
        cursor.execute(
            f"""SELECT day FROM unnest(%s::date[]) AS day
                WHERE NOT EXISTS (SELECT FROM {table} WHERE expires_on = day)""",  # noqa: S608 -- ours
            (list(days.get(purpose, ())),),
        )
        found[purpose] = [day for (day,) in cursor.fetchall()]
    return found


def _move_documents(cursor: CursorWrapper, until: Mapping[UUID, date], sealers: _Sealers) -> None:
    """Keep the reports attached to these results as long as they are; one after the other, for they may be large."""
    cursor.execute(
        "SELECT month, id, result_id FROM screening_document WHERE result_id = ANY(%s) FOR UPDATE",
        (list(until),),
    )
    for month, key, result in cursor.fetchall():
        cursor.execute("SELECT sealed FROM screening_document WHERE month = %s AND id = %s", (month, key))
        ((sealed,),) = cursor.fetchall()
        again = sealers.again(Purpose.DOCUMENT, bytes(sealed), until[result], context=key.bytes)
        if again is not None:
            cursor.execute(
                "UPDATE screening_document SET expires_on = %s, sealed = %s WHERE month = %s AND id = %s",
                (until[result], again, month, key),
            )


def _move_identities(
    cursor: CursorWrapper, identities: set[UUID], persons: list[UUID], sealers: _Sealers
) -> None:
    """Keep identities as long as the last of the results that bear them.

    Such an identity is shared with no result that comes: its digest, which says the day it was made for,
    is replaced by a random one.
    """
    cursor.execute(
        """SELECT i.id, i.sealed, k.until FROM people_identity i JOIN (
               SELECT identity_id, max(expires_on) AS until FROM screening_result
               WHERE person_id = ANY(%s) AND identity_id = ANY(%s) GROUP BY identity_id) k
           ON k.identity_id = i.id WHERE i.expires_on <> k.until ORDER BY i.id FOR UPDATE OF i""",
        (persons, list(identities)),
    )
    moved = []
    for key, sealed, until in cursor.fetchall():
        again = sealers.again(Purpose.IDENTITY, bytes(sealed), until, context=key.bytes)
        if again is not None:
            moved.append((key, until, again, secrets.token_bytes(DIGEST_BYTES)))
    if moved:
        cursor.execute(
            """UPDATE people_identity i SET expires_on = m.until, sealed = m.sealed, whole = m.whole
               FROM unnest(%s::uuid[], %s::date[], %s::bytea[], %s::bytea[]) AS m (id, until, sealed, whole)
               WHERE i.id = m.id""",
            [list(column) for column in zip(*moved, strict=True)],
        )


class _Sealers:
    """Seals again under other days; one sealer for each."""

    def __init__(self, keyring: Keyring, today: date) -> None:
        self._keyring = keyring
        self._today = today
        self._known: dict[tuple[Purpose, date], Sealer] = {}

    def again(self, purpose: Purpose, sealed: bytes, until: date, *, context: bytes) -> bytes | None:
        """The same content sealed until another day; None when nobody can open it any more."""
        if until < self._today:  # whose key may be destroyed: none is made for a past day
            return sealed
        try:
            content = unseal(self._keyring, sealed, purpose=purpose, context=context)
        except KeyDestroyed:
            return None
        sealer = self._known.get((purpose, until))
        if sealer is None:
            sealer = self._known[purpose, until] = Sealer(self._keyring, purpose, until)
        return sealer.seal(content, context=context)


def _kept(row: Sequence[Any]) -> Kept:
    month, key, person, received_on, pathogen, result, expires_on = row
    return Kept(
        month=month,
        id=key,
        person_id=person,
        received_on=received_on,
        pathogen=pathogen,
        result=result,
        expires_on=expires_on,
    )
