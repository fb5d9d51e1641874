"""The investigator's list and file: see, search, open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Count, Q, QuerySet

from rempart.foundation.access import limits
from rempart.foundation.access.actor import Actor, acting, look, naming, require
from rempart.foundation.access.colleagues import is_namesake
from rempart.foundation.access.rights import Right, Where
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.directories.lookups import cards
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.identities import (
    digests_of_name,
    digests_of_number,
    read_identities,
)
from rempart.foundation.people.models import Identity, Link
from rempart.foundation.vault import Indexer, Keyring
from rempart.screening.notices.services import contact
from rempart.screening.services.published import result_of
from rempart.tracing import rules
from rempart.tracing.models import Case
from rempart.tracing.services.working import visible

PAGE = 50
MOST_COUNTED = 1000
"""Cases of one state that are counted at most: more are "at least as many"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case as the list shows it; `identity` is None once its day has passed."""

    case: Case
    identity: IdentityRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """A page of cases, newest first; `after` continues it (empty at the end).

    `counts`: cases of each state in the actor's departments, those taken by the actor only; MOST_COUNTED
    stands for as many or more.
    """

    lines: Sequence[Line]
    after: str
    counts: Mapping[rules.State, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A case opened: who, how to reach him, and where things stand."""

    case: Case
    identity: IdentityRecord | None
    mobile: str
    phone: str
    email: str
    address: tuple[str, ...]
    prescriber: str
    prescriber_at: tuple[
        str, ...
    ]  # structure, address, telephone, secure mailbox, as the directories have them
    laboratory_name: str


def worklist(
    *, actor: Actor, states: Iterable[rules.State], keyring: Keyring, now: datetime, after: str = "",
    mine: bool = False,
) -> Worklist:  # fmt: skip
    """Cases of the actor's departments (a delegate's: those handed to him) in these states, newest first, PAGE
    at a time. Three queries, and an audit entry when somebody is shown."""
    where = require(actor, Right.CASES_LIST)
    chosen = [state.value for state in states]
    with acting(actor) as cursor:
        if where is Where.HANDED:
            counts = _handed_counts(actor)
            rows = _page(Case.objects.filter(handed_to=actor.agent, state__in=chosen), _mark(after))
        else:
            counts = _counts(cursor, actor)
            rows = _newest(actor, chosen, after=_mark(after), mine=mine)
        lines = _lines(cursor, actor, rows[:PAGE], keyring)
        if lines:
            record(actor, Act.CASES_LISTED, "case", now=now, found=len(lines), states=chosen)
    more = f"{rows[PAGE - 1].received_at.isoformat()}~{rows[PAGE - 1].id}" if len(rows) > PAGE else ""
    return Worklist(lines=lines, after=more, counts=counts)


def search(
    *, actor: Actor, number: str = "", name: str = "", birth_date: date | None = None, keyring: Keyring,
    now: datetime,
) -> Sequence[Line]:  # fmt: skip
    """Cases of a person found by NIR, or by name and birth date, in the actor's departments.

    Equality on blind indexes only; every spelling under which the person is known leads to all of
    his cases. The search is audited, without what was searched. Raises TooMany for who searches on and on.
    """
    require(actor, Right.CASES_SEARCH)
    limits.take(limits.Use.SEARCH, of=actor.id, now=now)
    indexer = Indexer(keyring, now.date())
    condition = Q(pk__in=[])
    matricule = nir.parse(number) if number else None
    if matricule is not None and matricule.valid:
        condition |= Q(ins__in=digests_of_number(matricule.number, indexer=indexer))
    if name and birth_date:
        digests = digests_of_name(name, birth_date, indexer=indexer)
        condition |= Q(name_birth__in=digests) | Q(used_name_birth__in=digests)
    with acting(actor) as cursor:
        identities = list(Identity.objects.filter(condition).values_list("id", flat=True)[:PAGE])
        people = Link.objects.filter(identity_id__in=identities).values_list("person_id", flat=True)
        cases = Case.objects.filter(department__in=actor.departments, person_id__in=list(people))
        lines = _lines(cursor, actor, list(cases.order_by("-received_at", "-id")[:PAGE]), keyring)
        record(actor, Act.CASES_SEARCHED, "case", now=now, found=len(lines))
    return lines


def open_file(*, actor: Actor, case_id: UUID, keyring: Keyring, now: datetime) -> File:
    """Open one case, which is audited. Raises NotAllowed outside the actor's departments."""
    require(actor, Right.CASES_OPEN)
    with acting(actor) as cursor:
        case = visible(case_id)
        _name(cursor, actor, [case])
        identity = read_identities([case.identity_id], keyring=keyring).get(case.identity_id)
        result = result_of(cursor, month=case.result_month, result_id=case.result_id)
        details = contact(keyring, result.sealed, result.id.bytes) if result else None
        laboratory = Laboratory.objects.filter(finess=case.laboratory).first()
        prescriber, prescriber_at = _prescriber((details or {}).get("prescriber", ()))
        namesake = identity is not None and is_namesake(
            actor,
            family_names=(identity.birth_name, identity.used_name),
            first_name=next(iter(identity.first_names), ""),
        )
        record(actor, Act.CASE_OPENED, str(case.id), now=now, person=case.person_id, namesake=namesake)
    details = details or {}
    return File(
        case=case,
        identity=identity,
        mobile=details.get("mobile", ""),
        phone=details.get("phone", ""),
        email=details.get("email", ""),
        address=tuple(line for line in details.get("address", ()) if line),
        prescriber=prescriber,
        prescriber_at=prescriber_at,
        laboratory_name=laboratory.name if laboratory else case.laboratory,
    )


def _prescriber(said: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """A prescriber as the message has him ([rpps, name], and adeli where there is no rpps), completed by the directories."""
    rpps, name, adeli = (*said, "", "", "")[:3]
    card = next(iter(cards([rpps or adeli]).values()), None) if rpps or adeli else None
    if card is None:
        return _named(said), ()
    lines = (card.structure_name, *card.structure_address.splitlines(), card.structure_phone, card.mailbox)
    known = _named((rpps, name or f"{card.family_name} {card.first_name}".strip(), adeli))
    return known, tuple(line for line in lines if line)


def _named(said: Sequence[str]) -> str:
    """Name and number of a practitioner as they are kept: [rpps, name], and adeli where there is no rpps."""
    rpps, name, adeli = (*said, "", "", "")[:3]
    return ", ".join(part for part in (name, rpps and f"RPPS {rpps}", adeli and f"ADELI {adeli}") if part)


# One walk along the index for each department and state, each as short as the page: with IN, every case of
# the departments would be read and sorted.
_NEWEST = """
    SELECT "newest".* FROM unnest(%s::text[]) AS d (department), unnest(%s::text[]) AS s (state), LATERAL (
        SELECT * FROM tracing_case c
        WHERE c.department = d.department AND c.state = s.state AND (c.received_at, c.id) < (%s, %s)
        ORDER BY c.received_at DESC, c.id DESC LIMIT %s
    ) AS newest ORDER BY received_at DESC, id DESC LIMIT %s"""
_FIRST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


def _newest(
    actor: Actor, states: Sequence[str], *, after: tuple[datetime, UUID], mine: bool
) -> Sequence[Case]:
    """A page and one more."""
    if mine:
        cases = Case.objects.filter(
            taken_by=UUID(actor.id), state__in=states, department__in=actor.departments
        )
        return _page(cases, after)
    asked = (list(actor.departments), states, *after, PAGE + 1, PAGE + 1)
    return list(Case.objects.raw(_NEWEST, asked))


def _page(cases: QuerySet[Case], after: tuple[datetime, UUID]) -> Sequence[Case]:
    older = Q(received_at__lt=after[0]) | Q(received_at=after[0], id__lt=after[1])
    return list(cases.filter(older).order_by("-received_at", "-id")[: PAGE + 1])


_COUNTS = """
    SELECT s.state, (
        SELECT count(*) FROM (
            SELECT FROM tracing_case c WHERE c.department = ANY(%s) AND c.state = s.state LIMIT %s
        ) AS first_ones
    ) FROM unnest(%s::text[]) AS s (state)
    UNION ALL
    SELECT %s, count(*) FROM tracing_case c
    WHERE c.taken_by = %s AND c.state = %s AND c.department = ANY(%s)"""


def _counts(cursor: CursorWrapper, actor: Actor) -> dict[rules.State, int]:
    """How many cases of each state; the index gives them, and no more than MOST_COUNTED are looked at."""
    departments, taken = list(actor.departments), rules.State.TAKEN.value
    everybodys = [state.value for state in rules.State if state is not rules.State.TAKEN]
    cursor.execute(_COUNTS, (departments, MOST_COUNTED, everybodys, taken, actor.id, taken, departments))
    return {rules.State(state): count for state, count in cursor.fetchall()}


def _handed_counts(actor: Actor) -> dict[rules.State, int]:
    counted = Case.objects.filter(handed_to=actor.agent).values_list("state").annotate(cases=Count("id"))
    return dict.fromkeys(rules.State, 0) | {rules.State(state): count for state, count in counted}


def _mark(after: str) -> tuple[datetime, UUID]:
    """Where a page ended; what cannot be read is as before the first."""
    try:
        received, key = after.split("~")
        moment, last = datetime.fromisoformat(received), UUID(key)
    except ValueError:
        return _FIRST
    return (moment, last) if moment.tzinfo else _FIRST


def _name(cursor: CursorWrapper, actor: Actor, cases: Sequence[Case]) -> None:
    """Let a delegate see the persons of the cases that are shown to him: he has no department."""
    if not actor.departments:
        persons, identities = (
            zip(*((c.person_id, c.identity_id) for c in cases), strict=True) if cases else ((), ())
        )
        look(cursor, naming(actor, persons=persons, identities=identities))


def _lines(cursor: CursorWrapper, actor: Actor, cases: Sequence[Case], keyring: Keyring) -> list[Line]:
    _name(cursor, actor, cases)
    identities = read_identities([case.identity_id for case in cases], keyring=keyring)
    return [Line(case=case, identity=identities.get(case.identity_id)) for case in cases]
