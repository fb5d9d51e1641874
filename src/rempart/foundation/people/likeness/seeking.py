"""Looking for identities that may be of one person: a few hundred at a time, beside the road of results.

Identities are taken in the order of their keys, which begin with their time. Each is given its blocking digests, and is
compared with those that share one; what is at least possible is put down for somebody to look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.people.content import IdentityRecord, open_identity
from rempart.foundation.people.likeness.keys import as_record, blocking_values
from rempart.foundation.people.matching import Grade, Weights, assess_pairs, default_weights
from rempart.foundation.people.matching.weights import settings
from rempart.foundation.people.models import LikelyPair, Seeking
from rempart.foundation.vault import BlindIndex, Indexer, Keyring

SETTLED = timedelta(seconds=30)
"""How long after its time an identity is taken: a transaction that keeps one is over by then."""

MOST_SHARING = 50
"""Identities under one digest that are compared at most: a key that more share is too common to say anything."""

_TIME_BITS = 80
"""What a UUIDv7 has after its milliseconds."""

_DIGEST = 8
"""Bytes of a digest that are kept: enough, since what it brings together is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """How many identities were looked at, how many pairs were put down, and whether there is more."""

    seen: int
    found: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    person: UUID
    department: str
    ins: bytes | None
    record: IdentityRecord


@cache
def weights() -> Weights:
    """The weights of the platform: those of the house, among the population of a country."""
    return default_weights().among(settings().population)


def step(cursor: CursorWrapper, *, keyring: Keyring, now: datetime, most: int = 200) -> Sought:
    """Look at the next identities, in the caller's transaction, which sees everything."""
    state = _state(cursor)
    until = UUID(int=int((now - SETTLED).timestamp() * 1000) << _TIME_BITS)
    cursor.execute(
        """SELECT i.id, l.person_id, i.department, i.ins, i.sealed FROM people_identity i
           JOIN people_link l ON l.identity_id = i.id
           WHERE i.id > %s AND i.id < %s ORDER BY i.id LIMIT %s""",
        (state.after, until, most),
    )
    rows = cursor.fetchall()
    found = 0
    if rows:
        new = _opened(rows, keyring)
        indexer = Indexer(keyring, now.date())
        digests = {row.id: _digests(indexer, row.record) for row in new}
        _keep_digests(cursor, digests, now=now)
        found = _put_down(cursor, _pairs(cursor, new, digests, keyring), now=now)
        Seeking.objects.filter(pk=state.pk).update(after=rows[-1][0])
    return Sought(seen=len(rows), found=found, more=len(rows) == most)


def kept_digests(indexer: Indexer, record: IdentityRecord) -> list[int]:
    """What is kept of an identity: its blocking digests under the current key."""
    return sorted({_number(indexer.digest(BlindIndex.BLOCKING, value)) for value in blocking_values(record)})


def _digests(indexer: Indexer, record: IdentityRecord) -> tuple[list[int], list[int]]:
    """The digests to keep, and those to search for: under every key that is alive."""
    sought = {
        _number(digest)
        for value in blocking_values(record)
        for digest in indexer.digests(BlindIndex.BLOCKING, value)
    }
    return kept_digests(indexer, record), sorted(sought)


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:_DIGEST], signed=True)


def _opened(rows: Iterable[tuple[UUID, UUID, str, bytes | None, bytes]], keyring: Keyring) -> list[_Row]:
    """Those of these identities that can be opened, and that no judge's order keeps out of sight."""
    found = []
    for key, person, department, ins, sealed in rows:
        record = open_identity(key, bytes(sealed), keyring=keyring) if department else None
        if record is not None:
            found.append(_Row(key, person, department, bytes(ins) if ins else None, record))
    return found


def _keep_digests(
    cursor: CursorWrapper, digests: Mapping[UUID, tuple[list[int], list[int]]], *, now: datetime
) -> None:
    for key, (kept, _) in digests.items():
        if kept:
            cursor.execute(
                """INSERT INTO people_blocking (identity_id, digests, made_on) VALUES (%s, %s, %s)
                   ON CONFLICT (identity_id) DO UPDATE SET digests = excluded.digests, made_on = excluded.made_on""",
                (key, kept, now.date()),
            )


def _pairs(
    cursor: CursorWrapper,
    new: Sequence[_Row],
    digests: Mapping[UUID, tuple[list[int], list[int]]],
    keyring: Keyring,
) -> list[tuple[_Row, _Row]]:
    """Pairs of identities that share a digest and are linked to two persons, each once."""
    wanted = [(row.id, digest) for row in new for digest in digests[row.id][1]]
    if not wanted:
        return []
    cursor.execute(
        """SELECT sought.id, sought.digest, near.identity_id
           FROM unnest(%s::uuid[], %s::bigint[]) AS sought (id, digest)
           JOIN LATERAL (
               SELECT identity_id FROM people_blocking WHERE digests @> ARRAY[sought.digest] LIMIT %s
           ) near ON true""",
        (*map(list, zip(*wanted, strict=True)), MOST_SHARING + 1),
    )
    sharing: defaultdict[tuple[UUID, int], set[UUID]] = defaultdict(set)
    for one, digest, other in cursor.fetchall():
        sharing[one, digest].add(other)
    candidates = {
        (one, other)
        for (one, _), others in sharing.items()
        if len(others) <= MOST_SHARING
        for other in others - {one}
    }
    known = {row.id: row for row in new}
    others = sorted({other for _, other in candidates} - known.keys())
    cursor.execute(
        """SELECT i.id, l.person_id, i.department, i.ins, i.sealed FROM people_identity i
           JOIN people_link l ON l.identity_id = i.id WHERE i.id = ANY(%s)""",
        (others,),
    )
    known |= {row.id: row for row in _opened(cursor.fetchall(), keyring)}
    once = {
        (min(pair), max(pair)) for pair in candidates if pair[0] in known and pair[1] in known
    }  # both may be new
    return [
        (known[one], known[other])
        for one, other in sorted(once)
        if _worth_comparing(known[one], known[other])
    ]


def _worth_comparing(one: _Row, other: _Row) -> bool:
    """Two persons so far; and not two matricules, which are two persons' for good."""
    both = one.record.ins and other.record.ins and one.ins and other.ins
    return one.person != other.person and not (both and one.ins != other.ins and _differ(one, other))


def _differ(one: _Row, other: _Row) -> bool:
    """Digests differ too when index keys do: the numbers themselves say it."""
    return as_record(one.record).ins != as_record(other.record).ins


def _put_down(cursor: CursorWrapper, pairs: Sequence[tuple[_Row, _Row]], *, now: datetime) -> int:
    """Keep what is at least possible, unless the two persons were already decided about; how many."""
    if not pairs:
        return 0
    assessments = assess_pairs(
        [(as_record(one.record), as_record(other.record)) for one, other in pairs],
        weights=weights(),
        this_year=now.year,
    )
    likely = [
        (one, other, found)
        for (one, other), found in zip(pairs, assessments, strict=True)
        if found.grade is not Grade.NO
    ]
    put_down = 0
    for key, (one, other, found) in zip(uuid7s(len(likely)), likely, strict=True):
        cursor.execute(
            """INSERT INTO people_likely_pair (id, one_id, other_id, department, other_department, score, grade,
                   found_at, state, decided_by, version)
               SELECT %(id)s, %(one)s, %(other)s, %(department)s, %(other_department)s, %(score)s, %(grade)s,
                   %(now)s, %(waiting)s, '', 1
               WHERE NOT EXISTS (
                   SELECT FROM people_likely_pair p
                   JOIN people_link a ON a.identity_id = p.one_id JOIN people_link b ON b.identity_id = p.other_id
                   WHERE (a.person_id, b.person_id) IN ((%(whose)s, %(other_whose)s), (%(other_whose)s, %(whose)s))
                     AND p.state = %(different)s)
               ON CONFLICT DO NOTHING""",
            {
                "id": key,
                "one": one.id,
                "other": other.id,
                "department": one.department,
                "other_department": other.department,
                "score": found.score,
                "grade": found.grade.value,
                "now": now,
                "whose": one.person,
                "other_whose": other.person,
                "waiting": LikelyPair.State.WAITING.value,
                "different": LikelyPair.State.DIFFERENT.value,
            },
        )
        put_down += cursor.rowcount
    return put_down


def _state(cursor: CursorWrapper) -> Seeking:
    """The one row, locked until the transaction ends."""
    cursor.execute(
        "INSERT INTO people_seeking (id, after) VALUES (1, %s) ON CONFLICT DO NOTHING", (UUID(int=0),)
    )
    return Seeking.objects.select_for_update().get(pk=1)
