"""Indexing people again under another key: after one that may be known to others, or before one dies.

Identities are read in the order of their keys, unsealed, and their digests written anew; the digests by
which they are matched to persons follow. Whoever searches asks under every key alive and finds both the
old and the new meanwhile. How far it came is kept with each batch: it may be killed and goes on.

Not here, for what they are digests of is not kept: the ledgers of screening (a message's bytes, what a
result said). Nor the traits of people who are forgotten, kept because several share them: they go with
their index key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.people.content import IdentityRecord, read_content
from rempart.foundation.people.found_by import FoundBy, found_by
from rempart.foundation.people.likeness.seeking import kept_digests
from rempart.foundation.people.models import Blocking, Reindexing
from rempart.foundation.vault import BlindIndex, Indexer, KeyDestroyed, Keyring, Purpose, unseal

SETTLED = timedelta(minutes=10)
"""How old the new key must be: by then whatever was prepared under the one before is kept or lost."""


class NotSettled(Exception):
    """The newest index key is too young; `until` says when to come back."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"the new index key must settle until {until:%H:%M:%S} UTC")
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one batch did. `finished`: there was nothing after it."""

    seen: int
    changed: int
    finished: bool


def ask(*, keyring: Keyring, now: datetime) -> str:
    """Ask for everybody to be indexed again under the newest key; the name of that key's period."""
    period = keyring.index_period(now.date())
    keyring.index_key(period)
    Reindexing.objects.update_or_create(
        period=period, defaults={"asked_at": now, "after": None, "changed": 0, "finished_at": None}
    )
    return period


def asked() -> bool:
    """Whether somebody asked, and it is not done yet."""
    return Reindexing.objects.filter(finished_at=None).exists()


def done(period: str) -> bool:
    """Whether everybody was indexed again under the key of this period."""
    return Reindexing.objects.filter(period=period).exclude(finished_at=None).exists()


def step(cursor: CursorWrapper, *, keyring: Keyring, now: datetime, most: int = 500) -> Step:
    """Index the next identities again, in the caller's transaction, which sees everything.

    Raises NotSettled while others may still write under the key before. An IntegrityError means that
    somebody wrote the same identity at this moment: the transaction is to be taken again.
    """
    period = keyring.index_period(now.date())
    settled = keyring.index_made_at(period) + SETTLED
    if now < settled:
        raise NotSettled(settled)
    order = Reindexing.objects.select_for_update().filter(finished_at=None).order_by("-asked_at").first()
    if order is None:
        return Step(seen=0, changed=0, finished=True)
    if order.period != period:  # a half-year began, or the key was replaced again: one pass does both
        order.delete()
        order = Reindexing(period=period, asked_at=now, changed=0)
    cursor.execute(
        """SELECT id, department, expires_on, sealed, whole, ins, name_birth, used_name_birth
           FROM people_identity WHERE id > %s ORDER BY id LIMIT %s FOR UPDATE""",
        (order.after or UUID(int=0), most),
    )
    rows = [_Row(*row) for row in cursor.fetchall()]
    changed = _write(cursor, rows, indexer=Indexer(keyring, now.date()), keyring=keyring, today=now.date())
    order.changed += changed
    if rows:
        order.after = rows[-1].id
    if len(rows) < most:
        order.finished_at = now
        Reindexing.objects.filter(finished_at=None).exclude(period=period).delete()
    order.save()
    return Step(seen=len(rows), changed=changed, finished=order.finished_at is not None)


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    department: str
    expires_on: date
    sealed: bytes
    whole: bytes
    ins: bytes | None
    name_birth: bytes | None
    used_name_birth: bytes | None

    def digests(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Whole, matricule, name, used name, as they are; nothing is empty."""
        return (
            bytes(self.whole),
            bytes(self.ins or b""),
            bytes(self.name_birth or b""),
            bytes(self.used_name_birth or b""),
        )


def _write(
    cursor: CursorWrapper, rows: Iterable[_Row], *, indexer: Indexer, keyring: Keyring, today: date
) -> int:
    """Write the digests of these identities and their matching keys anew; how many identities changed."""
    changed: list[tuple[UUID, bytes, bytes, bytes, bytes]] = []
    matching: dict[bytes, tuple[bytes, ...]] = {}
    blocking: dict[UUID, list[int]] = {}
    for row in rows:
        try:
            content = unseal(keyring, bytes(row.sealed), purpose=Purpose.IDENTITY, context=row.id.bytes)
        except KeyDestroyed:
            continue
        record = read_content(row.id, content)
        values = _values(record)
        blocking[row.id] = kept_digests(indexer, record)
        new = (
            _whole(row, content, indexer),
            _digest(indexer, BlindIndex.INS, values.ins),
            _digest(indexer, BlindIndex.NAME_BIRTH, values.name_birth),
            _digest(indexer, BlindIndex.NAME_BIRTH, values.used_name_birth),
        )
        if new != row.digests():
            changed.append((row.id, *new))
        for index, value in (
            (BlindIndex.PERSON_INS, values.person_ins),
            (BlindIndex.PERSON_TRAITS, values.person_traits),
        ):
            if value:
                newest, *older = indexer.digests(index, value)
                matching[newest] = tuple(older)
    _update(cursor, changed)
    _move_matching(cursor, matching, today=today)
    sought = list(
        Blocking.objects.filter(pk__in=list(blocking))
    )  # the others get theirs when they are sought for
    for one in sought:
        one.digests, one.made_on = blocking[one.pk], today
    Blocking.objects.bulk_update(sought, ["digests", "made_on"])
    return len(changed)


def _values(record: IdentityRecord) -> FoundBy:
    return found_by(
        birth_name=record.birth_name,
        used_name=record.used_name,
        first_names=record.first_names,
        sex=record.sex,
        birth_date=record.birth_date,
        ins=record.ins,
    )


def _digest(indexer: Indexer, index: BlindIndex, value: str) -> bytes:
    return indexer.digest(index, value) if value else b""


def _whole(row: _Row, content: bytes, indexer: Indexer) -> bytes:
    """The digest that keeps an identity once, where it is one of ours: some were made random on purpose."""
    said = f"{row.department}|{row.expires_on}|{content.decode()}"
    newest, *older = indexer.digests(BlindIndex.IDENTITY, said)
    return newest if bytes(row.whole) in older else bytes(row.whole)


def _update(cursor: CursorWrapper, changed: Sequence[tuple[UUID, bytes, bytes, bytes, bytes]]) -> None:
    """An identity kept in two periods keeps its digest in the older row: there may be one of each."""
    if not changed:
        return
    taken: set[bytes] = set()
    once = []
    for key, whole, *others in changed:
        once.append((key, None if whole in taken else whole, *(other or None for other in others)))
        taken.add(whole)
    cursor.execute(
        """UPDATE people_identity i
           SET ins = n.ins, name_birth = n.name_birth, used_name_birth = n.used_name_birth,
               whole = CASE WHEN n.whole IS NULL OR EXISTS (
                   SELECT FROM people_identity o WHERE o.whole = n.whole AND o.id <> i.id
               ) THEN i.whole ELSE n.whole END
           FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])
                AS n (id, whole, ins, name_birth, used_name_birth)
           WHERE i.id = n.id""",
        [list(column) for column in zip(*once, strict=True)],
    )


def _move_matching(cursor: CursorWrapper, matching: dict[bytes, tuple[bytes, ...]], *, today: date) -> None:
    """Write each matching key under its newest digest, for the person it stood for, and forget the older."""
    newest_of = {old: newest for newest, older in matching.items() for old in older}
    cursor.execute(
        "SELECT key, person_id, is_ins, shared FROM people_matching_key WHERE key = ANY(%s) ORDER BY key FOR UPDATE",
        (sorted(newest_of),),
    )
    found = {bytes(key): rest for key, *rest in cursor.fetchall()}
    if not found:
        return
    moved: dict[bytes, tuple[Any, ...]] = {}
    for newest, older in matching.items():
        known = [found[old] for old in older if old in found]  # the newest period first
        if known:
            person, is_ins, _ = known[0]
            moved[newest] = (newest, person, is_ins, any(shared for *_, shared in known), today)
    cursor.execute(
        """INSERT INTO people_matching_key AS k (key, person_id, is_ins, shared, made_on)
           SELECT * FROM unnest(%s::bytea[], %s::uuid[], %s::bool[], %s::bool[], %s::date[]) ORDER BY 1
           ON CONFLICT (key) DO UPDATE SET shared = k.shared OR excluded.shared""",
        [list(column) for column in zip(*moved.values(), strict=True)],
    )
    cursor.execute("DELETE FROM people_matching_key WHERE key = ANY(%s)", (sorted(found),))
