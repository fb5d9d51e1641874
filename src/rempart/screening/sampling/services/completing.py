"""Messages with nothing of the person but the number of a tube: completed from the registration of a drive.

An automaton knows no more than the number. Only for the laboratory to which the drive's tubes go, and only where the message
says nothing of the person at all: what a message says is never overruled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import BlindIndex, Indexer, Keyring
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Moment, Outcome, Person, Practitioner, Precision, Report
from rempart.screening.sampling.models import Specimen
from rempart.screening.sampling.rules.registration import Registration, registration_of
from rempart.screening.sampling.services.sealed import opened
from rempart.screening.services.prepared import Judged


def completed(
    judged: Sequence[Judged], *, keyring: Keyring, pathogen: Pathogen, now: datetime, of_any: bool = False
) -> Sequence[Judged]:
    """The same messages; those that say nothing of the person, and whose number is that of a tube on its way to this
    very laboratory, completed from the registration and judged again.

    Which laboratory it is, its key says and the message repeats; `of_any`: the message alone, for whoever brings it may
    speak for every laboratory (an operator with files). Asks the database for those only; outside a transaction of the
    caller's.
    """
    bare = [rank for rank, one in enumerate(judged) if _says_nobody(one)]
    if not bare:
        return judged
    tubes = {
        rank: [_tube(judged[rank], report, of_any) for report in judged[rank].item.reports] for rank in bare
    }
    found = _registered(
        {tube for named in tubes.values() for tube in named if tube}, keyring=keyring, now=now
    )
    whole = list(judged)
    for rank in bare:
        one = judged[rank]
        reports = tuple(map(_completed, one.item.reports, map(found.get, tubes[rank])))
        if reports != one.item.reports:
            item = replace(one.item, reports=reports)
            whole[rank] = replace(
                one, item=item, judgement=judge(item, profile=Profile.FR, pathogen=pathogen, now=now)
            )
    return whole


def _says_nobody(one: Judged) -> bool:
    """Whether a message was refused and says nothing of whom it is about."""
    return (
        one.judgement.outcome is Outcome.REJECTED
        and bool(one.item.reports)
        and all(_is_nobody(report.person) for report in one.item.reports)
    )


def _is_nobody(person: Person) -> bool:
    return not (
        person.birth_name or person.used_name or person.first_names or person.birth_date or person.ins
    )


def _tube(one: Judged, report: Report, of_any: bool) -> str:
    """What a tube is indexed by, as a message says it; empty when it speaks for another laboratory, or for none."""
    laboratory = finess.normalise(report.laboratory.finess)
    its_own = of_any or laboratory == finess.normalise(one.delivery.laboratory)
    if not (its_own and laboratory and report.record_number):
        return ""
    return tube_named(laboratory, report.record_number)


def tube_named(laboratory: str, record_number: str) -> str:
    """What a tube is indexed by."""
    return f"{laboratory}|{''.join(record_number.split()).upper()}"


def _registered(
    tubes: Set[str], *, keyring: Keyring, now: datetime
) -> Mapping[str, tuple[Registration, datetime | None]]:
    """The registrations (and when the sample was taken) of these tubes."""
    if not tubes:
        return {}
    indexer = Indexer(keyring, now.date())
    by_digest = {digest: tube for tube in tubes for digest in indexer.digests(BlindIndex.SPECIMEN, tube)}
    with acting(system(Purpose.INTAKE)):
        rows = list(Specimen.objects.filter(number__in=list(by_digest)))
    found = {}
    for row in rows:
        if values := opened(row.sealed, context=row.id.bytes, keyring=keyring):
            known = registration_of(values["registration"])
            found[by_digest[bytes(row.number)]] = (known, row.sampled_at)
    return found


def _completed(report: Report, known: tuple[Registration, datetime | None] | None) -> Report:
    """A report with what was taken down of the person; what the laboratory says itself stays."""
    if known is None:
        return report
    registration, sampled_at = known
    person = replace(registration.person, local_id=report.person.local_id)
    taken = Moment(at=sampled_at, precision=Precision.MINUTE) if sampled_at else None
    return replace(
        report,
        person=person,
        sampled_at=report.sampled_at or taken,
        residence=report.residence or registration.residence,
        symptoms=report.symptoms or registration.symptoms,
        health_worker=registration.health_worker if report.health_worker is None else report.health_worker,
        prescriber=_either(report.prescriber, registration.prescriber),
        general_practitioner=_either(report.general_practitioner, registration.general_practitioner),
    )


def _either(one: Practitioner, other: Practitioner) -> Practitioner:
    return one if one.rpps or one.adeli or one.name else other
