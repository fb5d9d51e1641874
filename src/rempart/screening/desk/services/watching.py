"""Laboratories that usually send daily and stopped: noticed each hour, shown until they send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, Purpose, acting, require, system
from rempart.foundation.access.rights import Right
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.events.stream import publish
from rempart.screening.desk.days import last_alike, policy_on
from rempart.screening.desk.models import Silence
from rempart.screening.desk.services.counting import civil_day

SILENCES = "screening.silences"
"""Topic: laboratories fell silent, or send again; payload {"silent": [FINESS, …], "again": [FINESS, …]}."""

MOST_SHOWN = 200

_DAY = timedelta(days=1)
_ZONES = (timedelta(hours=-11), timedelta(hours=13))
"""How far from UTC it may be in a French territory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    silence: Silence
    name: str


def watch(*, now: datetime) -> tuple[int, int]:
    """Notice who fell silent yesterday, and who sends again; how many of each. Safe to run twice."""
    days = {(now + shift).date() - _DAY for shift in (_ZONES[0], timedelta(), _ZONES[1])}
    with acting(system(Purpose.OPERATION)) as cursor:
        again = _ended(cursor, now)
        silent = [
            (laboratory, last_at)
            for day in sorted(days)
            for laboratory, last_at in _silent_on(cursor, day)
            if civil_day(laboratory, now) - _DAY == day
        ]
        noticed = _note(cursor, silent, now)
        if noticed or again:
            publish(cursor, topic=SILENCES, payload={"silent": noticed, "again": again}, now=now)
    return len(noticed), len(again)


def silent(*, actor: Actor) -> Sequence[Silent]:
    """Who is silent, the latest first, MOST_SHOWN at most. Two queries. Raises NotAllowed."""
    require(actor, Right.DESK_WATCH)
    found = list(Silence.objects.filter(ended_at=None).order_by("-last_at")[:MOST_SHOWN])
    names = dict(
        Laboratory.objects.filter(finess__in=[one.laboratory for one in found]).values_list("finess", "name")
    )
    return [Silent(silence=one, name=names.get(one.laboratory, "")) for one in found]


_SILENT = """
    SELECT laboratory, max(last_at) FROM screening_daily_intake
    WHERE day = ANY(%s) OR day >= %s
    GROUP BY laboratory
    HAVING count(*) FILTER (WHERE day = ANY(%s)) >= %s AND count(*) FILTER (WHERE day >= %s) = 0"""


def _silent_on(cursor: CursorWrapper, day: date) -> list[tuple[str, datetime]]:
    """Who sent on enough of the last days alike, and neither on this one nor since; when they sent last."""
    policy = policy_on(day)
    alike = last_alike(day, count=policy.looked_at)
    cursor.execute(_SILENT, (alike, day, alike, policy.sent, day))
    return [(laboratory, last_at) for laboratory, last_at in cursor.fetchall()]


def _note(cursor: CursorWrapper, silent: Sequence[tuple[str, datetime]], now: datetime) -> list[str]:
    """Silences that were not known yet. A laboratory's last message may be later than its last day alike."""
    laboratories, last = [one for one, _ in silent], [at for _, at in silent]
    cursor.execute(
        """INSERT INTO screening_silence (id, laboratory, last_at, noticed_at)
           SELECT n.id, n.laboratory,
                  (SELECT max(d.last_at) FROM screening_daily_intake d
                   WHERE d.laboratory = n.laboratory AND d.day >= (n.last_at AT TIME ZONE 'UTC')::date - 1), %s
           FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[]) AS n (id, laboratory, last_at)
           ON CONFLICT DO NOTHING RETURNING laboratory""",
        (now, uuid7s(len(silent)), laboratories, last),
    )
    return sorted(laboratory for (laboratory,) in cursor.fetchall())


def _ended(cursor: CursorWrapper, now: datetime) -> list[str]:
    cursor.execute(
        """UPDATE screening_silence s SET ended_at = %s
           WHERE s.ended_at IS NULL
             AND EXISTS (SELECT FROM screening_daily_intake d
                         WHERE d.laboratory = s.laboratory AND d.last_at > s.last_at
                           AND d.day >= (s.last_at AT TIME ZONE 'UTC')::date - 1)
           RETURNING laboratory""",
        (now,),
    )
    return sorted(laboratory for (laboratory,) in cursor.fetchall())
