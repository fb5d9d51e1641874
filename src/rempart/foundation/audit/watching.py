"""Detection at work: what agents did lately, against their habits, becomes alerts, each one once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.audit.catalogue import Kind, catalogue
from rempart.foundation.audit.detection import (
    Habit,
    Rule,
    Seen,
    Suspicion,
    Thresholds,
    What,
    suspicions,
    thresholds,
)
from rempart.foundation.audit.models import Alert, Watched
from rempart.foundation.audit.trail import Act
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.database.row_security import EVERYWHERE, set_sight

NOT_PEOPLE = ("system", "laboratory", "patient")
"""Roles whose days are nobody's habit."""

_OPENED = [code for code, act in catalogue().items() if act.kind is Kind.READ and act.told]
_WORKED = [code for code, act in catalogue().items() if act.kind is Kind.WRITE and act.told]
_LATE = timedelta(hours=2)
"""How far into a day the one before is looked at again: what committed late, what came just before midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Agent:
    actor: str
    role: str
    organisation: str


def detect(*, now: datetime) -> int:
    """Look at the day under way (and at the one before, early in the day); how many alerts are new.

    May run at any time and any number of times: an alert is told once for its agent, rule and key.
    """
    known = thresholds(now.date())
    today = now.astimezone(known.zone).date()
    days = [today]
    if (now - _LATE).astimezone(known.zone).date() != today:
        days.insert(0, today - timedelta(days=1))
    return sum(_look_at(day, now=now) for day in days)


def note_habits(*, now: datetime) -> int:
    """Note what agents did on each past day that is not noted yet, as far back as habits reach; how many rows."""
    known = thresholds(now.date())
    today = now.astimezone(known.zone).date()
    noted = 0
    for back in range(known.of[Rule.VOLUME]["days"], 0, -1):
        noted += _note(today - timedelta(days=back), known)
    return noted


_NOTE = """
    INSERT INTO audit_habit (actor, day, role, organisation, persons, hours)
    SELECT actor, %s, max(role), max(organisation), count(DISTINCT person_id),
           bit_or(1 << extract(hour FROM at AT TIME ZONE %s)::int)
    FROM audit_entry WHERE at >= %s AND at < %s AND role <> ALL(%s) AND act = ANY(%s)
    GROUP BY actor
    ON CONFLICT DO NOTHING"""


def _note(day: date, known: Thresholds) -> int:
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        set_sight(cursor, departments=(EVERYWHERE,))
        cursor.execute("SELECT EXISTS (SELECT FROM audit_habit WHERE day = %s)", (day,))
        row = cursor.fetchone()
        if row and row[0]:
            return 0
        cursor.execute(_NOTE, (day, str(known.zone), *_bounds(day, known), list(NOT_PEOPLE), _OPENED))
        return int(cursor.rowcount)


_DONE = """
    SELECT actor, role, organisation, at, act, subject, person_id,
           coalesce(details -> 'found' = '0', false), coalesce(details -> 'namesake' = 'true', false)
    FROM audit_entry
    WHERE at >= %s AND at < %s AND role <> ALL(%s) AND act = ANY(%s)
    ORDER BY actor, role, organisation, at, id"""


def _look_at(day: date, *, now: datetime) -> int:
    """Read first, then write: a transaction that has written holds the readers of events back."""
    known = thresholds(day)
    acts = [*_OPENED, *_WORKED, Act.CASES_SEARCHED.value, Act.ACCESS_REFUSED.value]
    found: list[tuple[_Agent, Suspicion]] = []
    with transaction.atomic():
        connection = transaction.get_connection()
        with connection.cursor() as cursor, connection.chunked_cursor() as done:
            set_sight(cursor, departments=(EVERYWHERE,))
            watched = list(
                Watched.objects.filter(ended_at__isnull=True).values_list("person_id", "organisation")
            )
            habits = _Habits(cursor, day, known)
            done.execute(_DONE, (*_bounds(day, known), list(NOT_PEOPLE), acts))
            for agent, seen in _by_agent(done):
                found += [
                    (agent, one)
                    for one in suspicions(
                        day,
                        seen,
                        habit=habits.of(agent),
                        watched={person for person, where in watched if where in ("", agent.organisation)},
                        known=known,
                    )
                ]
    return _tell(found, now=now) if found else 0


def _by_agent(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[_Agent, list[Seen]]]:
    for (actor, role, organisation), group in groupby(rows, key=lambda row: (row[0], row[1], row[2])):
        seen = [
            Seen(at=at, what=what, subject=subject, person=person, namesake=namesake)
            for _, _, _, at, act, subject, person, nothing, namesake in group
            if (what := _what(act, nothing=nothing))
        ]
        yield _Agent(actor=actor, role=role, organisation=organisation), seen


def _what(act: str, *, nothing: bool) -> What | None:
    if act in _OPENED:
        return What.OPENED
    if act in _WORKED:
        return What.WORKED
    if act == Act.ACCESS_REFUSED:
        return What.REFUSED
    return What.NOTHING_FOUND if nothing else None


class _Habits:
    """Habits of everybody on the days before one, read once."""

    def __init__(self, cursor: CursorWrapper, day: date, known: Thresholds) -> None:
        self._own: dict[str, list[int]] = {}
        self._team: dict[tuple[str, str], list[int]] = {}
        self._hours: dict[str, list[int]] = {}
        first = day - timedelta(days=known.of[Rule.VOLUME]["days"])
        cursor.execute(
            "SELECT actor, role, organisation, persons, hours FROM audit_habit WHERE day >= %s AND day < %s",
            (first, day),
        )
        for actor, role, organisation, persons, hours in cursor.fetchall():
            self._own.setdefault(actor, []).append(persons)
            self._hours.setdefault(actor, []).append(hours)
            self._team.setdefault((role, organisation), []).append(persons)

    def of(self, agent: _Agent) -> Habit:
        days = self._hours.get(agent.actor, [])
        return Habit(
            own=self._own.get(agent.actor, []),
            team=self._team.get((agent.role, agent.organisation), []),
            hours={hour: sum(day >> hour & 1 for day in days) for hour in range(24)},
        )


def _tell(found: Sequence[tuple[_Agent, Suspicion]], *, now: datetime) -> int:
    """Make an alert of each suspicion that is none yet; how many were made."""
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        set_sight(cursor, departments=(EVERYWHERE,))
        before = Alert.objects.count()
        Alert.objects.bulk_create(
            [
                Alert(
                    id=id, rule=one.rule.value, actor=agent.actor, role=agent.role,
                    organisation=agent.organisation, key=one.key, first_at=one.first_at, last_at=one.last_at,
                    made_at=now, person_id=one.person, figures=dict(one.figures),
                )
                for id, (agent, one) in zip(uuid7s(len(found)), found, strict=True)
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        return Alert.objects.count() - before


def _bounds(day: date, known: Thresholds) -> tuple[datetime, datetime]:
    """When a civil day begins and ends."""
    first = datetime.combine(day, time(), tzinfo=known.zone)
    following = datetime.combine(day + timedelta(days=1), time(), tzinfo=known.zone)
    return first.astimezone(UTC), following.astimezone(UTC)
