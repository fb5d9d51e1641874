"""Counting days into the small table, again and again: what is counted later takes the place of what was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.territories import departments
from rempart.protection.oversight.models import Counted
from rempart.protection.oversight.rules import STATES, Measure
from rempart.protection.oversight.services.statements import STATEMENTS, ZONE

_SETTLING = {Measure.CALLING: 10, Measure.GLASS: 40}
_AT_ONCE = 2
"""Days that are counted again each time: cases are called and glasses reviewed some days later; what was received,
done or destroyed on a day is known at its end."""

_ROW = ("date", "varchar", "varchar", "varchar", "int8")
_COLUMNS = ("day", "measure", "region", "category", "value")


def today(now: datetime) -> date:
    """The civil day of the nation's figures."""
    return now.astimezone(ZoneInfo(ZONE)).date()


def count(*, since: date | None = None, now: datetime) -> date:
    """Count the days that may still change, and those that were not counted since the last time; the first of them.

    `since` asks for all days from there on. A day whose rows have been destroyed meanwhile gives nothing any
    more: what was counted of it then is lost when it is asked for again.
    """
    last = today(now)
    latest = Counted.objects.order_by("-day").values_list("day", flat=True).first() or last
    actor, begin = system(Purpose.OVERSIGHT), since or min(last, latest) - timedelta(days=_AT_ONCE - 1)
    for measure in STATEMENTS:
        settling = timedelta(days=_SETTLING.get(measure, _AT_ONCE) - _AT_ONCE)
        first = last if measure in STATES else begin if since else begin - settling
        _keep(measure, first, last, _counted(measure, first, last, actor=actor))
    Counted.objects.bulk_create(
        [Counted(day=begin + timedelta(days=n), counted_at=now) for n in range((last - begin).days + 1)],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["counted_at"],
    )
    return begin


def _counted(measure: Measure, first: date, last: date, *, actor: Actor) -> list[tuple[Any, ...]]:
    """The figures of one measure. It may take seconds where there are millions of rows, in a transaction that writes
    nothing: one that writes would hold up everybody who reads events."""
    places = list(departments().values())
    with acting(actor) as cursor:
        cursor.execute(
            STATEMENTS[measure],
            {
                "first": first,
                "end": last + timedelta(days=1),
                "departments": [place.code for place in places],
                "regions": [place.region for place in places],
            },
        )
        return list(cursor.fetchall())


def _keep(measure: Measure, first: date, last: date, rows: Sequence[tuple[Any, ...]]) -> None:
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('oversight', 0))")
        cursor.execute(
            "DELETE FROM oversight_figure WHERE day BETWEEN %s AND %s AND measure = %s",
            (first, last, measure),
        )
        copy_rows(
            cursor.cursor,
            table="oversight_figure",
            columns=_COLUMNS,
            types=_ROW,
            rows=[
                (day, measure.value, region, category, int(number)) for day, region, category, number in rows
            ],
        )
