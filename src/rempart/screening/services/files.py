"""A tested person's file, for the professional who has him before his eyes: found by the whole of his number, name
and first name, and never with a result.

Source: the guide of the biologists, 13 May 2020 (search by three fields, all mandatory; state and since when;
results are not shown); decree 2020-551 art. 3 (pharmacists: identity, number, address).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, Purpose, acting, naming, require, system
from rempart.foundation.access.limits import Use, take
from rempart.foundation.access.rights import Fields, Right
from rempart.foundation.audit.trail import About, Act, record, record_each
from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import digests_of_number, read_identities
from rempart.foundation.people.models import Identity, Link
from rempart.foundation.people.rules import canonical_name
from rempart.foundation.vault import Indexer, Keyring
from rempart.screening.notices.services import contact

_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """What a professional sees of a person; what his right does not show him is empty."""

    identity: IdentityRecord
    department: str
    number: str
    mobile: str
    phone: str
    email: str
    address: tuple[str, ...]
    sampled_on: date | None


def find(
    *, actor: Actor, right: Right, number: str, name: str, first_name: str, keyring: Keyring, now: datetime
) -> Sequence[PersonFile]:
    """Files of the person with this number who bears this name and this first name, one per department he was
    tested for; empty when any of the three does not fit.

    Nobody is found by less: who asks has the person before him, or his card. Raises NotAllowed without the
    right, TooMany for who asks too often.
    """
    require(actor, right)
    take(Use.SEARCH, of=actor.id, now=now)
    indexer = Indexer(keyring, now.date())
    matricule = nir.parse(number)
    digests = digests_of_number(matricule.number, indexer=indexer) if matricule.valid else []
    with acting(system(Purpose.CARE)):
        keys = Identity.objects.filter(ins__in=digests).order_by("-created_at").values_list("id", flat=True)
        known = read_identities(keys[:_MOST], keyring=keyring)
        links = dict(Link.objects.filter(identity_id__in=list(known)).values_list("identity_id", "person_id"))
    fitting = [known[key] for key in links if _bears(known[key], name=name, first_name=first_name)]
    persons = tuple({links[identity.id] for identity in fitting})
    sight = naming(actor, persons=persons, identities=tuple(identity.id for identity in fitting))
    with acting(sight) as cursor:
        latest = _latest(cursor, persons)
        if persons:
            about = [
                About(subject=str(person), person=person, details={"found": len(fitting)})
                for person in persons
            ]
            record_each(actor, Act.FILE_FOUND, about, now=now)
        else:
            record(actor, Act.FILE_FOUND, "file", now=now, found=0)
    newest = {links[identity.id]: identity for identity in reversed(fitting)}
    return [
        _shown(identity, latest[person], sees=actor.fields, keyring=keyring)
        for person, identity in newest.items()
        if person in latest
    ]


def _bears(identity: IdentityRecord, *, name: str, first_name: str) -> bool:
    """Whether the person bears this name (of birth, or used) and one of whose first names this is."""
    names = {canonical_name(identity.birth_name), canonical_name(identity.used_name)} - {""}
    firsts = {canonical_name(first) for first in identity.first_names}
    return canonical_name(name) in names and canonical_name(first_name) in firsts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Latest:
    id: UUID
    department: str
    sampled_on: date
    sealed: bytes


def _latest(cursor: CursorWrapper, persons: Sequence[UUID]) -> Mapping[UUID, _Latest]:
    """The last test of each person, whatever it found."""
    cursor.execute(
        """SELECT DISTINCT ON (person_id) person_id, id, department, sampled_on, sealed FROM screening_result
           WHERE person_id = ANY(%s) AND current ORDER BY person_id, sampled_at DESC""",
        (list(persons),),
    )
    return {
        person: _Latest(id=key, department=department, sampled_on=sampled_on, sealed=bytes(sealed))
        for person, key, department, sampled_on, sealed in cursor.fetchall()
    }


def _shown(
    identity: IdentityRecord, latest: _Latest, *, sees: Sequence[Fields], keyring: Keyring
) -> PersonFile:
    wanted = {Fields.CONTACT, Fields.ADDRESS} & set(sees)
    details = (contact(keyring, latest.sealed, latest.id.bytes) if wanted else None) or {}
    reach = details if Fields.CONTACT in sees else {}
    home = details.get("address", ()) if Fields.ADDRESS in sees else ()
    return PersonFile(
        identity=identity,
        department=latest.department,
        number=identity.ins if Fields.NUMBER in sees else "",
        mobile=reach.get("mobile", ""),
        phone=reach.get("phone", ""),
        email=reach.get("email", ""),
        address=tuple(line for line in home if line),
        sampled_on=latest.sampled_on if Fields.SAMPLING in sees else None,
    )
