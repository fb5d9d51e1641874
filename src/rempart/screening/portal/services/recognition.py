"""Citizens who come by FranceConnect: whose results are theirs, and the list of them.

Nobody is guessed. Where the identity is a homonym's, incomplete, or fits a record born elsewhere, the visit does
not begin, and the person is told of the way by reference, in the same words as when nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, Purpose, acting, patient, system
from rempart.foundation.access.openid.pivot import FRANCE, PivotIdentity
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.people.identities import read_identities
from rempart.foundation.people.models import Link, MatchingKey
from rempart.foundation.people.recognition import Citizen, proven
from rempart.foundation.terminology import Analysis, Pathogen
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import BlindIndex, Indexer, Keyring
from rempart.screening.models import Access
from rempart.screening.services.published import COLUMNS, PublishedResult, published

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One result in the list; its time is on the clock of the place of sampling. What it says is on its page."""

    result: PublishedResult
    analysis: Analysis
    laboratory_name: str
    sampled_locally: datetime

    @property
    def withdrawn(self) -> bool:
        return not self.result.current


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


def own_results(*, visit: Visit, pathogen: Pathogen, origin: str, now: datetime) -> list[Line]:
    """The visitor's results that may still be read, the newest sampling first, each in its latest version."""
    with acting(visit.actor(origin)) as cursor:
        results = [result for result in _latest(cursor, visit, now) if pathogen.analysis(result.loinc)]
        record(
            visit.actor(origin),
            Act.RESULTS_LISTED,
            str(visit.person),
            now=now,
            person=visit.person,
            found=len(results),
        )
    names = dict(
        Laboratory.objects.filter(finess__in={result.laboratory for result in results}).values_list(
            "finess", "name"
        )
    )
    return [
        Line(
            result=result,
            analysis=analysis,
            laboratory_name=names.get(result.laboratory, result.laboratory),
            sampled_locally=result.sampled_at.astimezone(zone_of(finess.parse(result.laboratory).department)),
        )
        for result in results
        if (analysis := pathogen.analysis(result.loinc))
    ]


def proof_of(*, visit: Visit, result: UUID, origin: str, now: datetime) -> str:
    """The proof that opens one result of the list, as the portal knows it. Raises NotAllowed for any other."""
    with acting(visit.actor(origin)) as cursor:
        if result not in {line.id for line in _latest(cursor, visit, now)}:
            raise NotAllowed("not in the list")
        versions = _versions(cursor, visit, result)
    access = (
        Access.objects.filter(result_id__in=versions, person_id=visit.person, expires_on__gte=now.date())
        .order_by("-created_at")
        .first()
    )
    if access is None:
        raise NotAllowed("no access was made yet")
    return bytes(access.reference).hex()


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


def _latest(cursor: CursorWrapper, visit: Visit, now: datetime) -> Iterable[PublishedResult]:
    """The latest version of every result of the person, of a proven record and not expired, newest first."""
    cursor.execute(
        f"""SELECT DISTINCT ON (r.ledger_key) {COLUMNS} FROM screening_result r
            WHERE r.person_id = %s ORDER BY r.ledger_key, r.version DESC""",  # noqa: S608 -- our own columns
        (visit.person,),
    )
    results = [published(row) for row in cursor.fetchall()]
    mine = [
        result
        for result in results
        if result.identity_id in visit.identities and result.expires_on >= now.date()
    ]
    return sorted(mine, key=lambda result: result.sampled_at, reverse=True)


def _versions(cursor: CursorWrapper, visit: Visit, result: UUID) -> list[UUID]:
    """Every version of one result, whose accesses all lead to the latest."""
    cursor.execute(
        """SELECT r.id FROM screening_result r JOIN screening_result one ON one.ledger_key = r.ledger_key
           WHERE one.id = %s AND one.person_id = %s AND r.person_id = %s""",
        (result, visit.person, visit.person),
    )
    return [row[0] for row in cursor.fetchall()]
