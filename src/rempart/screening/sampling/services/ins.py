"""Asking the national teleservice for somebody's INS while he stands there: one, none, several, or no answer.

Nobody is looked up without a trace, nor oftener than searches are: the answer holds a number that is a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.limits import Use, take
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people.teleservice import queue
from rempart.foundation.people.teleservice.asking import search_now
from rempart.foundation.people.teleservice.client import Unanswered
from rempart.foundation.people.teleservice.endpoint import Endpoint
from rempart.foundation.people.teleservice.rules import Code, NationalIdentity, Traits
from rempart.screening.rules.report import Person, Sex


class Found(StrEnum):
    """What the teleservice said."""

    ONE = "one"
    NONE = "none"
    SEVERAL = "several"
    SILENT = "silent"  # it did not answer in time, or not about this person
    ABSENT = "absent"  # this platform has no access to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`person`: who was asked for, with the traits, number and authority of the teleservice, when it found one."""

    found: Found
    person: Person | None = None


def look_up(
    *, actor: Actor, right: Right, person: Person, endpoint: Endpoint | None, now: datetime
) -> Answer:  # fmt: skip
    """Look for the INS of a person by birth name, first names, sex, birth date and, where known, place of birth.

    At once and once: who stands there waits some seconds at most, and for nothing while the circuit breaker is open. To be
    called outside any transaction. Raises NotAllowed, TooMany.
    """
    require(actor, right)
    if endpoint is None:
        return Answer(found=Found.ABSENT)
    take(Use.SEARCH, of=actor.id, now=now)
    if queue.breaker().is_open(now):
        return Answer(found=Found.SILENT)
    answer = _asked(person, endpoint)
    with acting(actor):
        record(actor, Act.INS_LOOKED_UP, "desk", now=now, state=answer.found.value)
    return answer


def _asked(person: Person, endpoint: Endpoint) -> Answer:
    traits = Traits(
        birth_name=person.birth_name,
        first_names=person.first_names,
        sex=person.sex.value if person.sex else "",
        birth_date=person.birth_date,
        birth_place=person.birth_place,
    )
    try:
        outcome = search_now(endpoint, traits, clock=lambda: datetime.now(UTC))
    except Unanswered:
        return Answer(found=Found.SILENT)
    if outcome is None or outcome.identity is None:
        several = outcome is not None and outcome.code is Code.SEVERAL
        return Answer(found=Found.SEVERAL if several else Found.NONE)
    if outcome.doubt:
        return Answer(found=Found.SILENT)
    return Answer(found=Found.ONE, person=_vouched_for(person, outcome.identity))


def _vouched_for(person: Person, identity: NationalIdentity) -> Person:
    return replace(
        person,
        birth_name=identity.birth_name,
        first_names=identity.first_names,
        sex=Sex(identity.sex),
        birth_date=identity.birth_date,
        birth_place=identity.birth_place,
        ins=identity.number,
        ins_authority=identity.authority,
    )
