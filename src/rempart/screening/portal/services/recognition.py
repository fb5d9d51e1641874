"""Citizens who come by FranceConnect: whose results are theirs.

Nobody is guessed. Where the identity is a homonym's, incomplete, or fits a record born elsewhere, the visit does
not begin, and the person is told of the way by reference, in the same words as when nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from rempart.foundation.access.actor import Actor, Purpose, acting, patient, system
from rempart.foundation.access.openid.pivot import FRANCE, PivotIdentity
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people.identities import read_identities
from rempart.foundation.people.models import Link, MatchingKey
from rempart.foundation.people.recognition import Citizen, proven
from rempart.foundation.vault import BlindIndex, Indexer, Keyring

METHOD = "franceconnect"
MOST_IDENTITIES = 500
"""Records of one person that are opened to recognise him; more than anybody's, and a bound on the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody recognised: the person, and those of its records that are certainly his."""

    person: UUID
    identities: tuple[UUID, ...]

    def actor(self, origin: str) -> Actor:
        """The visitor; he sees rows of his person, and identities that were proven his."""
        own = patient(access=METHOD, person=self.person, identity=self.identities[0], origin=origin)
        return replace(own, identities=self.identities)


def recognise(*, pivot: PivotIdentity, keyring: Keyring, origin: str, now: datetime) -> Visit:
    """Whose visit this is. Raises SignInRefused: CLAIMS, NO_RESULT, DOUBT."""
    citizen = _citizen(pivot)
    digests = Indexer(keyring, now.date()).digests(BlindIndex.PERSON_TRAITS, citizen.traits)
    keys = list(MatchingKey.objects.filter(key__in=digests))
    if not keys:
        raise SignInRefused(Reason.NO_RESULT)
    persons = {key.person_id for key in keys}
    if len(persons) > 1 or any(key.shared for key in keys):
        raise SignInRefused(Reason.DOUBT, "homonym")
    (person,) = persons
    linked = list(
        Link.objects.filter(person_id=person).values_list("identity_id", flat=True)[: MOST_IDENTITIES + 1]
    )
    if not linked:
        raise SignInRefused(Reason.NO_RESULT)
    if len(linked) > MOST_IDENTITIES:
        raise SignInRefused(Reason.DOUBT, "too many records")
    with acting(Visit(person=person, identities=tuple(linked)).actor(origin)):
        records = read_identities(linked, keyring=keyring)
    identities = proven(citizen, records.values())
    if identities is None:
        raise SignInRefused(Reason.DOUBT, "born elsewhere")
    if not identities:
        raise SignInRefused(Reason.DOUBT if records else Reason.NO_RESULT, "no place of birth")
    visit = Visit(person=person, identities=identities)
    record(visit.actor(origin), Act.SIGNED_IN, str(person), now=now, person=person, method=METHOD)
    return visit


def note_refusal(refused: SignInRefused, *, origin: str, now: datetime) -> None:
    """Note that a visit did not begin: why, never whose."""
    actor = replace(system(Purpose.OWN_DATA), origin=origin)
    record(actor, Act.SIGN_IN_REFUSED, METHOD, now=now, method=METHOD, reason=refused.reason.value)


def _citizen(pivot: PivotIdentity) -> Citizen:
    citizen = (
        Citizen(
            birth_name=pivot.birth_name,
            first_name=pivot.given_names[0],
            birth_date=pivot.birth_date,
            sex=pivot.sex.value,
            birth_place=pivot.birth_place if pivot.birth_country == FRANCE else pivot.birth_country,
        )
        if pivot.complete and pivot.birth_date and pivot.sex
        else None
    )
    if citizen is None or not citizen.traits:
        raise SignInRefused(Reason.CLAIMS, "pivot identity")
    return citizen
