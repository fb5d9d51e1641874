"""What the desk of a laboratory shows: one query per block, bounded whatever the volume."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from django.db import connection

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.access.rights import Right
from rempart.foundation.directories.models import Laboratory
from rempart.screening.desk.models import DailyIntake, RefusedMessage, Silence
from rempart.screening.desk.rules import Delay, State, delay
from rempart.screening.desk.services.counting import civil_day
from rempart.screening.desk.services.within import within
from rempart.screening.transcoding.models import Unknown

DAYS = 30
PAGE = 25

MOST_LOOKED_AT = 10_000
"""Messages to correct that are looked at, the newest: the groups of a broken interface show among them."""

MOST_ROWS = 10_000
"""Refused messages of a day in its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Messages to correct for the same reason. `code` is empty for those without one."""

    code: str
    messages: int
    waiting: int  # of them, to be judged again
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    day: date
    accepted: int
    held: int
    rejected: int

    @property
    def received(self) -> int:
        return self.accepted + self.held + self.rejected

    @property
    def refused(self) -> int:
        return self.held + self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """The last DAYS days'; None where no result tells."""

    to_validation: Delay | None
    to_reception: Delay | None
    in_all: Delay | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    laboratory: str
    name: str  # empty when the directory does not know it
    to_correct: int  # messages, MOST_LOOKED_AT at most
    groups: Sequence[Group]  # the largest first; a message is in as many as it has reasons
    days: Sequence[Day]  # DAYS of them, oldest first, those without a message included
    last_at: datetime | None
    delays: Delays
    silence: Silence | None
    unknown: int  # texts that nothing translates, to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of messages to correct; `after`: what to ask for to have the next one, None at the end."""

    rows: Sequence[RefusedMessage]
    after: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One finding of one refused message, for the file of a day."""

    received_at: datetime
    message: UUID
    format: str
    outcome: str
    state: str
    code: str
    severity: str
    location: str


def desk(*, actor: Actor, laboratory: str, now: datetime) -> Desk:
    """The desk of a laboratory. Five queries. Raises NotAllowed."""
    within(actor, Right.DESK_USE, laboratory)
    known = Laboratory.objects.filter(finess=laboratory).first()
    to_correct, groups = _groups(laboratory)
    today = civil_day(laboratory, now)
    rows = {
        row.day: row
        for row in DailyIntake.objects.filter(laboratory=laboratory, day__gt=today - timedelta(days=DAYS))
    }
    counted = list(rows.values())
    return Desk(
        laboratory=laboratory,
        name=known.name if known else "",
        to_correct=to_correct,
        groups=groups,
        days=[_day(today - timedelta(days=ago), rows) for ago in reversed(range(DAYS))],
        last_at=max((row.last_at for row in counted), default=None),
        delays=Delays(
            to_validation=delay(_sum([row.to_validation for row in counted])),
            to_reception=delay(_sum([row.to_reception for row in counted])),
            in_all=delay(_sum([row.in_all for row in counted])),
        ),
        silence=Silence.objects.filter(laboratory=laboratory, ended_at=None).first(),
        unknown=Unknown.objects.filter(laboratory=laboratory, dismissed=False).count(),
    )


def listed(*, actor: Actor, laboratory: str, code: str, after: UUID | None = None) -> Listed:
    """Messages to correct for one reason (all of them when `code` is empty), newest first. Raises NotAllowed."""
    within(actor, Right.DESK_USE, laboratory)
    found = RefusedMessage.objects.filter(laboratory=laboratory, state=State.OPEN.value)
    if code:
        found = found.filter(codes__contains=[code])
    last = found.filter(id=after).first() if after else None
    if last is not None:
        found = found.filter(received_at__lte=last.received_at).exclude(
            received_at=last.received_at, id__gte=last.id
        )
    rows = list(found.order_by("-received_at", "-id")[: PAGE + 1])
    return Listed(rows=rows[:PAGE], after=rows[PAGE - 1].id if len(rows) > PAGE else None)


_OF_A_DAY = """
    SELECT r.received_at, r.id, r.format, r.outcome, r.state, m.findings
    FROM (SELECT * FROM screening_refused WHERE laboratory = %s AND day = %s
          ORDER BY received_at, id LIMIT %s) r
    JOIN screening_message m USING (month, delivery_id, position)
    ORDER BY r.received_at, r.id"""


def refused_of(*, actor: Actor, laboratory: str, day: date) -> Iterator[RefusedRow]:
    """Every finding of the messages that were refused on a day, MOST_ROWS messages at most. Raises NotAllowed.

    Findings name nobody: codes and places.
    """
    within(actor, Right.DESK_USE, laboratory)
    with acting(system(Purpose.INTAKE)) as cursor:
        cursor.execute(_OF_A_DAY, (laboratory, day, MOST_ROWS))
        rows = cursor.fetchall()
    for received_at, key, format_, outcome, state, findings in rows:
        for code, severity, location in read_findings(findings) or [("", "", "")]:
            yield RefusedRow(
                received_at=received_at, message=key, format=format_, outcome=outcome, state=state,
                code=code, severity=severity, location=location,
            )  # fmt: skip


def read_findings(value: Any) -> list[tuple[str, str, str]]:
    """Findings as they are kept of a message: code, severity and place."""
    found = json.loads(value) if isinstance(value, str) else value or []
    return [(code, severity, location) for code, severity, location in found]


_GROUPS = """
    WITH newest AS (
        SELECT codes, received_at, again_at FROM screening_refused
        WHERE laboratory = %s AND state = 'open' ORDER BY received_at DESC LIMIT %s)
    SELECT coalesce(code, ''), count(*), count(again_at), min(received_at), max(received_at),
           (SELECT count(*) FROM newest)
    FROM newest LEFT JOIN LATERAL unnest(codes) AS code ON true
    GROUP BY 1 ORDER BY 2 DESC, 1"""


def _groups(laboratory: str) -> tuple[int, list[Group]]:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, (laboratory, MOST_LOOKED_AT))
        rows = cursor.fetchall()
    groups = [
        Group(code=code, messages=messages, waiting=waiting, oldest=oldest, newest=newest)
        for code, messages, waiting, oldest, newest, _ in rows
    ]
    return (rows[0][5] if rows else 0), groups


def _day(day: date, rows: dict[date, DailyIntake]) -> Day:
    row = rows.get(day)
    if row is None:
        return Day(day=day, accepted=0, held=0, rejected=0)
    return Day(day=day, accepted=row.accepted, held=row.held, rejected=row.rejected)


def _sum(arrays: Sequence[Sequence[int]]) -> list[int]:
    return [sum(counts) for counts in zip_longest(*arrays, fillvalue=0)]
