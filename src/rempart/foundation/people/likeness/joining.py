"""What a person decided of two persons: joined into one, or parted again. Links move; no identity changes.

The person who is kept is the one known for longer. What is remembered of a join is enough to undo it. Rooms above have
rows of persons too: whoever calls these tells them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7
from rempart.foundation.people.content import open_identity
from rempart.foundation.people.found_by import found_by
from rempart.foundation.people.models import Identity, InsRequest, Join, Link, MatchingKey, Person
from rempart.foundation.people.rules import Certainty
from rempart.foundation.vault import BlindIndex, Indexer, Keyring


class TwoNumbers(Exception):
    """Both have a matricule: they are two persons, or one of the numbers is wrong and must be corrected first."""


class NotThere(Exception):
    """One of the persons, or the join, is no longer there, or no longer as it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Whose identities became whose: from one person to another."""

    join: UUID
    source: UUID
    target: UUID
    identities: tuple[UUID, ...]


def join(cursor: CursorWrapper, *, one: UUID, other: UUID, by: str, now: datetime) -> Moved:
    """Make one person of two, in the caller's transaction, which sees everything.

    Raises NotThere, TwoNumbers. Whoever links an identity to the person that goes, at this moment, finds her gone and
    looks again (screening/services/store.hold).
    """
    persons = list(
        Person.objects.select_for_update().filter(id__in=(one, other)).order_by("created_at", "id")
    )
    if len(persons) != 2:
        raise NotThere
    kept, gone = persons
    if (
        MatchingKey.objects.filter(person_id__in=(one, other), is_ins=True)
        .values("person_id")
        .distinct()
        .count()
        > 1
    ):
        raise TwoNumbers
    links = list(Link.objects.filter(person_id=gone.id).order_by("identity_id"))
    row = Join.objects.create(
        id=uuid7(),
        kept_id=kept.id,
        gone_id=gone.id,
        gone_created_at=gone.created_at,
        identities=[link.identity_id for link in links],
        certainties=[link.certainty for link in links],
        made_by=by,
        made_at=now,
    )
    Link.objects.filter(person_id=gone.id).update(
        person_id=kept.id, certainty=Certainty.CERTAIN.value, made_at=now
    )
    MatchingKey.objects.filter(person_id=gone.id).update(person_id=kept.id)
    InsRequest.objects.filter(person_id=gone.id).update(person_id=kept.id)
    cursor.execute(
        """INSERT INTO people_objection (person_id, made_at)
           SELECT %s, made_at FROM people_objection WHERE person_id = %s ON CONFLICT DO NOTHING""",
        (kept.id, gone.id),
    )
    cursor.execute("DELETE FROM people_person WHERE id = %s", (gone.id,))
    return Moved(join=row.id, source=gone.id, target=kept.id, identities=tuple(row.identities))


def part(cursor: CursorWrapper, join_id: UUID, *, keyring: Keyring, by: str, now: datetime) -> Moved:
    """Give the person that went her identities back, those that are still there, with what finds them.

    What came since stays with the person who was kept. Raises NotThere when it was undone before, or when the person
    who was kept went into another meanwhile: that is undone first.
    """
    row = Join.objects.select_for_update().filter(pk=join_id, undone_at=None).first()
    if row is None or not Person.objects.select_for_update().filter(pk=row.kept_id).exists():
        raise NotThere
    Person.objects.get_or_create(pk=row.gone_id, defaults={"created_at": row.gone_created_at})
    sure = dict(zip(row.identities, row.certainties, strict=True))
    links = list(Link.objects.filter(person_id=row.kept_id, identity_id__in=row.identities))
    for link in links:
        Link.objects.filter(pk=link.pk).update(
            person_id=row.gone_id, certainty=sure[link.identity_id], made_at=now
        )
    back = [link.identity_id for link in links]
    staying = Link.objects.filter(person_id=row.kept_id).values_list("identity_id", flat=True)
    indexer = Indexer(keyring, now.date())
    keys = _keys(back, keyring=keyring, indexer=indexer) - _keys(staying, keyring=keyring, indexer=indexer)
    MatchingKey.objects.filter(person_id=row.kept_id, key__in=keys).update(person_id=row.gone_id)
    InsRequest.objects.filter(identity_id__in=back).update(person_id=row.gone_id)
    Join.objects.filter(pk=row.pk).update(undone_by=by, undone_at=now)
    return Moved(join=row.pk, source=row.kept_id, target=row.gone_id, identities=tuple(back))


def _keys(identities: Iterable[UUID], *, keyring: Keyring, indexer: Indexer) -> set[bytes]:
    """The matching keys of these identities, under every index key that is alive."""
    found: set[bytes] = set()
    for key, sealed in Identity.objects.filter(id__in=list(identities)).values_list("id", "sealed"):
        record = open_identity(key, bytes(sealed), keyring=keyring)
        if record is None:
            continue
        values = found_by(
            birth_name=record.birth_name,
            used_name=record.used_name,
            first_names=record.first_names,
            sex=record.sex,
            birth_date=record.birth_date,
            ins=record.ins,
        )
        if values.person_ins:
            found.update(indexer.digests(BlindIndex.PERSON_INS, values.person_ins))
        if values.person_traits:
            found.update(indexer.digests(BlindIndex.PERSON_TRAITS, values.person_traits))
    return found
