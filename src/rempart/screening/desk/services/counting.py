"""The subscriber that follows the intake for the desk: counts by day, delays, and what is to correct.

One statement per table and batch of events, whatever they hold; the intake itself writes none of this.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.identifiers import finess
from rempart.foundation.territories import zone_of
from rempart.screening.desk.rules import MOST_HOURS, TIMED, State, to_correct
from rempart.screening.rules.report import Outcome
from rempart.screening.services.receive import RESULTS


@dataclass(slots=True)
class _Day:
    """What a batch of events adds to one day of one laboratory."""

    last_at: datetime
    messages: list[int] = field(default_factory=lambda: [0, 0, 0])  # in the order of Outcome
    legs: list[list[int]] = field(default_factory=lambda: [[0] * (MOST_HOURS + 1) for _ in range(3)])


_Days = dict[tuple[str, date], _Day]


def subscriber() -> Subscriber:
    return Subscriber(name="desk", topics=(RESULTS,), handle=_handle)


def _handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
    days: _Days = {}
    for event in events:
        for laboratory, counted in event.payload.get("messages", {}).items():
            day = _day(days, laboratory, event.at)
            day.messages = [one + more for one, more in zip(day.messages, counted, strict=True)]
    _add_delays(cursor, events, days)
    _write_days(cursor, days)
    _list_refused(cursor, events)
    _close_replaced(cursor, events)


def civil_day(laboratory: str, at: datetime) -> date:
    """The civil day of a laboratory."""
    return at.astimezone(_zone(laboratory)).date()


@lru_cache(maxsize=16_384)
def _zone(laboratory: str) -> Any:
    return zone_of(finess.parse(laboratory).department)


def _day(days: _Days, laboratory: str, at: datetime) -> _Day:
    day = days.setdefault((laboratory, civil_day(laboratory, at)), _Day(last_at=at))
    day.last_at = max(day.last_at, at)
    return day


_DELAYS = f"""
    SELECT r.laboratory, a.event, leg.number,
           least(greatest(floor(extract(epoch FROM leg.ended - leg.began) / 3600), 0), {MOST_HOURS})::int, count(*)
    FROM unnest(%s::date[], %s::uuid[], %s::int[]) AS a (month, id, event)
    JOIN screening_result r ON r.month = a.month AND r.id = a.id
    CROSS JOIN LATERAL (VALUES (0, r.sampled_at, r.validated_at), (1, r.validated_at, r.received_at),
                               (2, r.sampled_at, r.received_at)) AS leg (number, began, ended)
    WHERE r.version = 1 AND r.sampled_precision = ANY(%s) AND leg.began IS NOT NULL AND leg.ended IS NOT NULL
    GROUP BY 1, 2, 3, 4"""  # noqa: S608 -- a number of ours


def _add_delays(cursor: CursorWrapper, events: Sequence[Published], days: _Days) -> None:
    """Count first versions by the hours that each leg of their way took; days of a known sampling hour only."""
    keys = [
        (month, key, rank) for rank, event in enumerate(events) for month, key in event.payload["results"]
    ]
    if not keys:
        return
    cursor.execute(_DELAYS, [*map(list, zip(*keys, strict=True)), [precision.value for precision in TIMED]])
    for laboratory, rank, leg, hours, count in cursor.fetchall():
        _day(days, laboratory, events[rank].at).legs[leg][hours] += count


def _sum_of(column: str) -> str:
    return f"""{column} = (SELECT array_agg(coalesce(u.a, 0) + coalesce(u.b, 0) ORDER BY u.n)
               FROM unnest(d.{column}, EXCLUDED.{column}) WITH ORDINALITY AS u (a, b, n))"""  # noqa: S608


_WRITE = f"""
    INSERT INTO screening_daily_intake AS d
        (laboratory, day, accepted, held, rejected, last_at, to_validation, to_reception, in_all)
    SELECT n.laboratory, n.day, n.accepted, n.held, n.rejected, n.last_at, n.to_validation::int[],
           n.to_reception::int[], n.in_all::int[]
    FROM unnest(%s::text[], %s::date[], %s::int[], %s::int[], %s::int[], %s::timestamptz[], %s::text[], %s::text[],
                %s::text[])
        AS n (laboratory, day, accepted, held, rejected, last_at, to_validation, to_reception, in_all)
    ORDER BY 1, 2
    ON CONFLICT (laboratory, day) DO UPDATE SET
        accepted = d.accepted + EXCLUDED.accepted, held = d.held + EXCLUDED.held,
        rejected = d.rejected + EXCLUDED.rejected, last_at = greatest(d.last_at, EXCLUDED.last_at),
        {_sum_of("to_validation")}, {_sum_of("to_reception")}, {_sum_of("in_all")}"""  # noqa: S608 -- columns of ours


def _write_days(cursor: CursorWrapper, days: _Days) -> None:
    if not days:
        return
    rows = [
        (laboratory, day, *one.messages, one.last_at, *map(_array, one.legs))
        for (laboratory, day), one in days.items()
    ]
    cursor.execute(_WRITE, list(map(list, zip(*rows, strict=True))))


def _array(counts: Sequence[int]) -> str:
    return f"{{{','.join(map(str, counts))}}}"


_REFUSED = """
    SELECT m.month, m.delivery_id, m.position, a.laboratory, a.at, m.format, m.outcome, m.findings, m.expires_on
    FROM unnest(%s::date[], %s::uuid[], %s::int[], %s::text[], %s::timestamptz[])
        AS a (month, delivery_id, position, laboratory, at)
    JOIN screening_message m USING (month, delivery_id, position)
    WHERE m.expires_on IS NOT NULL"""

_LIST = """
    INSERT INTO screening_refused
        (id, month, delivery_id, position, laboratory, received_at, day, format, outcome, codes, state, expires_on)
    SELECT id, month, delivery_id, position, laboratory, at, day, format, outcome, string_to_array(codes, ','), %s,
           expires_on
    FROM unnest(%s::uuid[], %s::date[], %s::uuid[], %s::int[], %s::text[], %s::timestamptz[], %s::date[],
                %s::text[], %s::text[], %s::text[], %s::date[])
        AS n (id, month, delivery_id, position, laboratory, at, day, format, outcome, codes, expires_on)
    ON CONFLICT DO NOTHING"""


def _list_refused(cursor: CursorWrapper, events: Sequence[Published]) -> None:
    places = [(*place, event.at) for event in events for place in event.payload.get("refused", ())]
    if not places:
        return
    cursor.execute(_REFUSED, list(map(list, zip(*places, strict=True))))
    met = cursor.fetchall()
    rows = [
        (
            key, month, delivery_id, position, laboratory, at, civil_day(laboratory, at), format_, outcome,
            ",".join(to_correct(Outcome(outcome), _read(findings))), until,
        )
        for key, (month, delivery_id, position, laboratory, at, format_, outcome, findings, until) in zip(
            uuid7s(len(met)), met, strict=True
        )
    ]  # fmt: skip
    if rows:
        cursor.execute(_LIST, [State.OPEN.value, *map(list, zip(*rows, strict=True))])


def _close_replaced(cursor: CursorWrapper, events: Sequence[Published]) -> None:
    """What a better message took the place of is to correct no more."""
    places = [(*place, event.at) for event in events for place in event.payload.get("replaced", ())]
    if places:
        cursor.execute(
            """UPDATE screening_refused r SET state = %s, closed_at = a.at, again_at = NULL
               FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[]) AS a (delivery_id, position, at)
               WHERE (r.delivery_id, r.position) = (a.delivery_id, a.position) AND r.state = %s""",
            [State.REPLACED.value, *map(list, zip(*places, strict=True)), State.OPEN.value],
        )


def _read(findings: Any) -> list[list[str]]:
    return json.loads(findings) if isinstance(findings, str) else findings or []
