"""The list of one's own tests, and which of them a visit opens.

Whoever came by FranceConnect sees the results of the records that are certainly his. Whoever came by a link sees those
that his code proved: of the person of the link, sent to the same telephone or mailbox. Neither sees more by choosing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, acting
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import Analysis, Pathogen
from rempart.foundation.territories import zone_of
from rempart.foundation.vault import Keyring
from rempart.screening.models import Access
from rempart.screening.notices.services import contact
from rempart.screening.portal.application import listed_for
from rempart.screening.portal.services.opening import person_of, proven, results_likewise
from rempart.screening.portal.services.recognition import Visit
from rempart.screening.portal.services.showing import doctor_of
from rempart.screening.services.published import COLUMNS, PublishedResult, published


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One test in the list; its time is on the clock of the place of sampling. What it says is on its page."""

    result: PublishedResult
    analysis: Analysis
    laboratory_name: str
    sampled_locally: datetime
    reference: str  # the laboratory's record number
    doctor: str  # who prescribed it; empty when nobody did, or nobody said

    @property
    def withdrawn(self) -> bool:
        return not self.result.current


def by_franceconnect(
    *, visit: Visit, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime
) -> list[Line]:
    """The tests of somebody recognised, of the last three months, the newest sampling first, in their latest version."""
    actor = visit.actor(origin)
    with acting(actor) as cursor:
        return _listed(_own(cursor, visit), actor, keyring=keyring, pathogen=pathogen, now=now)


def by_link(*, proof: str, keyring: Keyring, pathogen: Pathogen, origin: str, now: datetime) -> list[Line]:
    """The tests that the code of a proven access proved, likewise. Raises NotAllowed when it is gone."""
    actor, _ = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        _, results = results_likewise(cursor, actor, keyring=keyring)
        return _listed(
            [versions[-1] for versions in results], actor, keyring=keyring, pathogen=pathogen, now=now
        )


def how_many(*, proof: str, keyring: Keyring, origin: str, now: datetime) -> int:
    """How many tests the code of a proven access proved. Raises NotAllowed when it is gone."""
    actor, _ = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        _, results = results_likewise(cursor, actor, keyring=keyring)
    return len(_recent((versions[-1] for versions in results), now))


def chosen_by_franceconnect(*, visit: Visit, result: UUID, origin: str, now: datetime) -> str:
    """The proof that opens one test of the list. Raises NotAllowed for any other."""
    with acting(visit.actor(origin)) as cursor:
        if result not in {one.id for one in _recent(_own(cursor, visit), now)}:
            raise NotAllowed("not in the list")
        return _proof(_versions(cursor, visit.person, result), visit.person, now)


def chosen_by_link(*, proof: str, result: UUID, keyring: Keyring, origin: str, now: datetime) -> str:
    """The same, for whoever came by a link. Raises NotAllowed for any other."""
    actor, access = proven(proof, origin=origin, now=now)
    with acting(actor) as cursor:
        _, results = results_likewise(cursor, actor, keyring=keyring)
        versions = next((all_ for all_ in results if all_[-1].id == result), ())
        if not _recent(versions[-1:], now):
            raise NotAllowed("not in the list")
        return _proof([one.id for one in versions], access.person_id, now)


def _listed(
    results: Iterable[PublishedResult], actor: Actor, *, keyring: Keyring, pathogen: Pathogen, now: datetime
) -> list[Line]:
    """The lines of results in the visitor's transaction, with its entry in the trail."""
    recent = sorted(_recent(results, now), key=lambda result: result.sampled_at, reverse=True)
    lines = list(_lines(recent, keyring=keyring, pathogen=pathogen))
    person = person_of(actor)
    record(actor, Act.RESULTS_LISTED, str(person), now=now, person=person, found=len(lines))
    return lines


def _lines(results: Sequence[PublishedResult], *, keyring: Keyring, pathogen: Pathogen) -> Iterator[Line]:
    names = dict(
        Laboratory.objects.filter(finess__in={result.laboratory for result in results}).values_list(
            "finess", "name"
        )
    )
    for result in results:
        analysis = pathogen.analysis(result.loinc)
        details = contact(keyring, result.sealed, result.id.bytes)
        if analysis is None or details is None:
            continue
        yield Line(
            result=result,
            analysis=analysis,
            laboratory_name=names.get(result.laboratory) or details["laboratory"] or result.laboratory,
            sampled_locally=result.sampled_at.astimezone(zone_of(finess.parse(result.laboratory).department)),
            reference=str(details["record"]),
            doctor=doctor_of(details.get("prescriber")),
        )


def _recent(results: Iterable[PublishedResult], now: datetime) -> list[PublishedResult]:
    since = now - listed_for()
    return [one for one in results if one.sampled_at >= since and one.expires_on >= now.date()]


def _own(cursor: CursorWrapper, visit: Visit) -> list[PublishedResult]:
    """The latest version of every result of the person, of a record that is certainly his."""
    cursor.execute(
        f"""SELECT DISTINCT ON (r.ledger_key) {COLUMNS} FROM screening_result r
            WHERE r.person_id = %s ORDER BY r.ledger_key, r.version DESC""",  # noqa: S608 -- our own columns
        (visit.person,),
    )
    results = [published(row) for row in cursor.fetchall()]
    return [result for result in results if result.identity_id in visit.identities]


def _versions(cursor: CursorWrapper, person: UUID, result: UUID) -> list[UUID]:
    """Every version of one result, whose accesses all lead to the latest."""
    cursor.execute(
        """SELECT r.id FROM screening_result r JOIN screening_result one ON one.ledger_key = r.ledger_key
           WHERE one.id = %s AND one.person_id = %s AND r.person_id = %s""",
        (result, person, person),
    )
    return [row[0] for row in cursor.fetchall()]


def _proof(versions: Iterable[UUID], person: UUID, now: datetime) -> str:
    access = (
        Access.objects.filter(result_id__in=list(versions), person_id=person, expires_on__gte=now.date())
        .order_by("-created_at")
        .first()
    )
    if access is None:
        raise NotAllowed("no access was made yet")
    return bytes(access.reference).hex()
