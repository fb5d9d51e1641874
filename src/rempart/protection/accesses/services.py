"""Who opened whose file: asked by the data-protection officer, told to the person concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right
from rempart.foundation.audit import searching
from rempart.foundation.audit.models import Entry
from rempart.foundation.audit.searching import AccessTold, Criteria
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.identifiers import nir
from rempart.foundation.people.identities import digests_of_name, digests_of_number
from rempart.foundation.people.models import Identity, Link
from rempart.foundation.vault import Indexer, Keyring
from rempart.screening.models import Access
from rempart.screening.notices.services import reference_digest
from rempart.screening.portal.services import opening, recognition
from rempart.tracing.models import Case

MOST_IDENTITIES = 500
"""Records of one name and birth date that are looked at; more than anybody's."""

WIDEST = timedelta(days=7)
"""The longest time that may be searched when neither a person nor an agent is named."""


class NothingAsked(ValueError):
    """Not one criterion was given."""


class TooBroad(ValueError):
    """Neither a person nor an agent is named, and the time is longer than WIDEST or not bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of what is searched. `key`: of a case, a result or a person; `agent`: his name to sign in;
    the days are civil days of `zone`, both included."""

    zone: ZoneInfo
    number: str = ""
    name: str = ""
    birth_date: date | None = None
    reference: str = ""
    key: UUID | None = None
    agent: str = ""
    act: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def names_somebody(self) -> bool:
        return bool(self.number or (self.name and self.birth_date) or self.reference or self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry, and the agent who did it where it was one."""

    entry: Entry
    agent: Agent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of the trail, newest first; `after` continues it. `persons`: who was found by what was asked."""

    lines: Sequence[Line]
    after: str
    persons: Sequence[UUID]


def search(*, actor: Actor, asked: Asked, keyring: Keyring, now: datetime, after: str = "") -> Found:
    """Who did what to whose data. Audited: which criteria were used, never their values.

    Raises NothingAsked, TooBroad. What names nobody that is known finds nothing.
    """
    require(actor, Right.AUDIT_SEARCH)
    with acting(system(Purpose.OVERSIGHT)):  # the officer names somebody; he is shown no identity
        persons = _persons(asked, keyring=keyring, now=now)
    with acting(actor):
        who = _actor_key(asked.agent) if asked.agent else ""
        criteria = Criteria(
            persons=persons,
            subjects=[str(asked.key)] if asked.key else [],
            actor=who,
            acts=[asked.act] if asked.act else [],
            since=_midnight(asked.since, asked.zone),
            until=_midnight(asked.until + timedelta(days=1), asked.zone) if asked.until else None,
        )
        _bound(asked, criteria, now=now)
        nobody = (asked.names_somebody and not persons and not asked.key) or (asked.agent and not who)
        found = searching.Found(entries=[], after="") if nobody else searching.search(criteria, after=after)
        person = persons[0] if len(persons) == 1 else None
        record(
            actor,
            Act.AUDIT_SEARCHED,
            "audit",
            now=now,
            person=person,
            found=len(found.entries),
            criteria=criteria.named,
        )
        agents = agents_of(entry.actor for entry in found.entries)
        lines = [Line(entry=entry, agent=agents.get(entry.actor)) for entry in found.entries]
    return Found(lines=lines, after=found.after, persons=persons)


def told_to(*, actor: Actor, keyring: Keyring, now: datetime) -> Sequence[AccessTold]:
    """Who had access to the actor's own data, newest first, as he is told it. That it was told is audited.

    By a code: to the results that the same telephone or address proves, and to their cases; that somebody
    was called says what he has. Raises NotAllowed when his access is gone.
    """
    require(actor, Right.REQUESTS_OWN)
    with acting(actor) as cursor:
        subjects = None
        if actor.id != recognition.METHOD:
            _, results = opening.proven_likewise(cursor, actor, keyring=keyring)
            cases = Case.objects.filter(person_id__in=actor.persons, result_id__in=results)
            subjects = [*map(str, results), *map(str, cases.values_list("id", flat=True))]
        told = searching.accesses_of(actor.persons, subjects=subjects)
        person = actor.persons[0] if actor.persons else None
        record(actor, Act.ACCESSES_SHOWN, str(person or ""), now=now, person=person, found=len(told))
    return told


def agents_of(keys: Iterable[str]) -> Mapping[str, Agent]:
    """The agents among these actors, by their keys, in one query."""
    found = {key for key in keys if _is_key(key)}
    return {str(agent.id): agent for agent in Agent.objects.filter(id__in=found)} if found else {}


def _persons(asked: Asked, *, keyring: Keyring, now: datetime) -> list[UUID]:
    """The persons that what is asked names; a key is one's own, or that of a case or a result."""
    persons: set[UUID] = set()
    indexer = Indexer(keyring, now.date())
    condition = Q(pk__in=[])
    matricule = nir.parse(asked.number) if asked.number else None
    if matricule is not None and matricule.valid:
        condition |= Q(ins__in=digests_of_number(matricule.number, indexer=indexer))
    if asked.name and asked.birth_date:
        digests = digests_of_name(asked.name, asked.birth_date, indexer=indexer)
        condition |= Q(name_birth__in=digests) | Q(used_name_birth__in=digests)
    identities = list(Identity.objects.filter(condition).values_list("id", flat=True)[:MOST_IDENTITIES])
    persons |= set(Link.objects.filter(identity_id__in=identities).values_list("person_id", flat=True))
    if asked.reference:
        known = Access.objects.filter(reference=reference_digest(asked.reference.strip().rsplit("/", 1)[-1]))
        persons |= set(known.values_list("person_id", flat=True))
    if asked.key:
        persons |= {
            asked.key,
            *Case.objects.filter(id=asked.key).values_list("person_id", flat=True),
            *Access.objects.filter(result_id=asked.key).values_list("person_id", flat=True),
        }
    return sorted(persons)


def _actor_key(agent: str) -> str:
    """The key of an agent by his name to sign in; a key is taken as it is."""
    if _is_key(agent):
        return agent
    found = Agent.objects.filter(username__iexact=agent.strip()).first()
    return str(found.id) if found else ""


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _bound(asked: Asked, criteria: Criteria, *, now: datetime) -> None:
    if asked.names_somebody or asked.agent:
        return
    if not (criteria.acts or criteria.since or criteria.until):
        raise NothingAsked
    until = min(criteria.until or now, now)
    if criteria.since is None or until - criteria.since > WIDEST:
        raise TooBroad


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=zone) if day else None
