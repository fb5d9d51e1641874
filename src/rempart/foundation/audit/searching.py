"""Searching the trail: who did what to whose data, and the same told to the person.

Reads under row security: the session of whoever searches sees the nation, that of a person his own entries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from uuid import UUID

from django.db.models import Q

from rempart.foundation.audit.catalogue import Kind, catalogue
from rempart.foundation.audit.models import Entry

PAGE = 50
MOST_TOLD = 500
"""Accesses that a person is told at most: the latest ones."""

_TOLD = [code for code, act in catalogue().items() if act.told]
_FIRST = (datetime.max.replace(tzinfo=UTC), 2**63 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is searched: all that is said must hold. `since` and `until` bound the time, the latter excluded."""

    persons: Sequence[UUID] = field(default=())
    subjects: Sequence[str] = field(default=())
    actor: str = ""
    acts: Sequence[str] = field(default=())
    since: datetime | None = None
    until: datetime | None = None

    @property
    def named(self) -> list[str]:
        """Which criteria are used, for the trace of the search itself."""
        return [name for name in self.__dataclass_fields__ if getattr(self, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of entries, newest first; `after` continues it (empty at the end)."""

    entries: Sequence[Entry]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTold:
    """One access as the person concerned is told it: for whom somebody worked and as what, not his name."""

    at: datetime
    what: str
    kind: Kind
    role: str
    organisation: str
    purpose: str
    fields: Sequence[str]


def search(criteria: Criteria, *, after: str = "") -> Found:
    """A page of the entries that fit. Persons and subjects: an entry of any of them fits."""
    fits = Q()
    if criteria.persons or criteria.subjects:
        fits &= Q(person_id__in=criteria.persons) | Q(subject__in=criteria.subjects)
    if criteria.actor:
        fits &= Q(actor=criteria.actor)
    if criteria.acts:
        fits &= Q(act__in=criteria.acts)
    if criteria.since:
        fits &= Q(at__gte=criteria.since)
    if criteria.until:
        fits &= Q(at__lt=criteria.until)
    at, id = _mark(after)
    older = Q(at__lt=at) | Q(at=at, id__lt=id)
    rows = list(Entry.objects.filter(fits & older & Q(at__lte=at)).order_by("-at", "-id")[: PAGE + 1])
    more = f"{rows[PAGE - 1].at.isoformat()}~{rows[PAGE - 1].id}" if len(rows) > PAGE else ""
    return Found(entries=rows[:PAGE], after=more)


def accesses_of(
    persons: Sequence[UUID], *, subjects: Collection[str] | None = None, since: datetime | None = None
) -> list[AccessTold]:
    """Who had access to these persons' data (one person's keys), newest first, as he is told it himself; to
    what is among `subjects` only, where they are named.

    The agent's name is not in it: Court of Justice, C-579/21 of 22 June 2023 (Pankki S): when and why,
    under whose authority; not who among the employees.
    """
    found = Entry.objects.filter(person_id__in=persons, act__in=_TOLD)
    if subjects is not None:
        found = found.filter(subject__in=subjects)
    if since:
        found = found.filter(at__gte=since)
    return [
        AccessTold(
            at=entry.at,
            what=catalogue()[entry.act].told,
            kind=catalogue()[entry.act].kind,
            role=entry.role,
            organisation=entry.organisation,
            purpose=entry.purpose,
            fields=tuple(entry.fields),
        )
        for entry in found.order_by("-at", "-id")[:MOST_TOLD]
    ]


def _mark(after: str) -> tuple[datetime, int]:
    """Where a page ended; what cannot be read is as before the first."""
    try:
        at, id = after.split("~")
        moment, last = datetime.fromisoformat(at), int(id)
    except ValueError:
        return _FIRST
    known = moment.tzinfo and MINYEAR < moment.year < MAXYEAR  # the others have no day elsewhere
    return (moment, last) if known and abs(last) < 2**63 else _FIRST
