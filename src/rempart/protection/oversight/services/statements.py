"""The SQL that counts: one statement for each measure, over every day of a period at once.

Each gives (day, region, category, number). `%(first)s` and `%(end)s` are the first day and the one after the last;
`at` compares a time with them in the State's legal time, as civil days of the whole nation are counted. States
are counted as they stand now, for the last day of the period.
"""

from __future__ import annotations

from collections.abc import Mapping

from rempart.protection.oversight.rules import (
    CALLING_HOURS,
    OPENING_MINUTES,
    RECEPTION_HOURS,
    Measure,
)

ZONE = "Europe/Paris"

_PLACES = "place (department, region) AS (SELECT * FROM unnest(%(departments)s::text[], %(regions)s::text[]))"
_ACTORS = """actor (id, region) AS (
    SELECT a.id::text, coalesce(p.region, '') FROM access_agent a LEFT JOIN place p ON p.department = a.departments[1])"""


def _day(column: str) -> str:
    return f"({column} AT TIME ZONE '{ZONE}')::date"


def _within(column: str) -> str:
    """Times of the period, by a comparison that an index serves."""
    bound = "(%({})s::date)::timestamp AT TIME ZONE '" + ZONE + "'"
    return f"{column} >= {bound.format('first')} AND {column} < {bound.format('end')}"


def _delay(taken: str, bounds: tuple[int, ...], unit: str) -> str:
    steps = " ".join(f"WHEN {taken} <= interval '{bound} {unit}' THEN '{bound}'" for bound in bounds)
    return f"CASE {steps} ELSE 'later' END"


# a UUIDv7 begins with the milliseconds of its making: when the case was opened
_OPENED = "to_timestamp(('x' || translate(left(c.id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)"

_BY_AGENT = """
    WITH {places}, {actors}
    SELECT {day}, coalesce(actor.region, ''), {category}, count(*)
    FROM audit_entry e LEFT JOIN actor ON actor.id = e.actor
    WHERE {within} AND {which} GROUP BY 1, 2, 3"""


def _entries(category: str, which: str) -> str:
    return _BY_AGENT.format(
        places=_PLACES,
        actors=_ACTORS,
        day=_day("e.at"),
        within=_within("e.at"),
        category=category,
        which=which,
    )


def _cases(category: str) -> str:
    return f"""
        WITH {_PLACES}
        SELECT {_day("c.received_at")}, coalesce(p.region, ''), {category}, count(*)
        FROM tracing_case c LEFT JOIN place p USING (department) WHERE {_within("c.received_at")} GROUP BY 1, 2, 3"""  # noqa: S608 -- our own texts


def _plain(table: str, time: str, category: str, which: str = "true") -> str:
    """Counts of a table that knows no region."""
    return f"""
        SELECT {_day(time)}, '', {category}, count(*) FROM {table}
        WHERE {_within(time)} AND {which} GROUP BY 1, 3"""  # noqa: S608 -- our own texts


def _now(select: str) -> str:
    """A state, given to the last day of the period. `select` gives (region, category, number)."""
    return f"SELECT %(end)s::date - 1, state.* FROM ({select}) AS state (region, category, number)"  # noqa: S608 -- our own texts


def _accounts(category: str, which: str) -> str:
    return f"""
        WITH {_PLACES}
        SELECT %(end)s::date - 1, coalesce(p.region, ''), {category}, count(*)
        FROM access_agent a LEFT JOIN place p ON p.department = a.departments[1] WHERE {which} GROUP BY 1, 2, 3"""  # noqa: S608 -- our own texts


_PERSONAL = "cardinality(e.fields) > 0 AND e.role NOT IN ('system', 'laboratory')"

STATEMENTS: Mapping[Measure, str] = {
    Measure.ACCOUNTS: _accounts("a.role", "a.is_active"),
    Measure.CLOSED_ACCOUNTS: _accounts("coalesce(nullif(a.closed, ''), 'other')", "NOT a.is_active"),
    Measure.SIGN_INS: _entries("e.role", "e.act = 'signed-in'"),
    Measure.REFUSED_SIGN_INS: _entries("e.role", "e.act = 'sign-in-refused'"),
    Measure.RECEPTION: f"""
        WITH {_PLACES}
        SELECT {_day("r.received_at")}, coalesce(p.region, ''),
               {_delay("r.received_at - r.sampled_at", RECEPTION_HOURS, "hours")}, count(*)
        FROM screening_result r LEFT JOIN place p USING (department)
        WHERE r.month BETWEEN date_trunc('month', %(first)s::date - 1)::date AND %(end)s AND r.version = 1
          AND {_within("r.received_at")}
        GROUP BY 1, 2, 3""",  # noqa: S608 -- our own texts
    Measure.OPENING: _cases(_delay(f"{_OPENED} - c.received_at", OPENING_MINUTES, "minutes")),
    Measure.CALLING: _cases(
        "CASE WHEN c.state = 'withdrawn' THEN 'withdrawn' WHEN c.called_at IS NULL THEN 'waiting' ELSE "
        + _delay(f"c.called_at - {_OPENED}", CALLING_HOURS, "hours")
        + " END"
    ),
    Measure.ACTS: _entries("e.act", _PERSONAL),
    Measure.ACCESSES: _entries("e.role", _PERSONAL),
    Measure.REFUSALS: _entries("e.role", "e.act = 'access-refused'"),
    Measure.GLASS: f"""
        WITH {_PLACES}
        SELECT {_day("g.broken_at")}, coalesce(p.region, ''),
               CASE WHEN g.justified THEN 'justified' WHEN NOT g.justified THEN 'unjustified' ELSE 'unreviewed' END,
               count(*)
        FROM access_glass g LEFT JOIN place p ON p.department = g.home[1]
        WHERE {_within("g.broken_at")} GROUP BY 1, 2, 3""",  # noqa: S608 -- our own texts
    Measure.ALERTS: _plain("audit_alert", "made_at", "rule"),
    Measure.CLOSED_ALERTS: _plain("audit_alert", "handled_at", "rule", "state = 'closed'"),
    Measure.OPEN_ALERTS: _now(
        "SELECT '', state, count(*) FROM audit_alert WHERE state <> 'closed' GROUP BY 2"
    ),
    Measure.EXCHANGES: _plain("exchange_handover", "ready_at", "motive"),
    Measure.DESTROYED_ROWS: """
        SELECT day, '', left(what, 40), sum(number) FROM retention_destroyed
        WHERE day >= %(first)s AND day < %(end)s GROUP BY 1, 3""",
    Measure.DESTROYED_KEYS: _plain("retention_destroyed_key", "destroyed_at", "split_part(name, '/', 1)"),
    Measure.OVERDUE: _now(
        "SELECT '', 'days', greatest(%(end)s::date - 1 - max(day), 0) FROM retention_run WHERE finished_at IS NOT NULL"
        " HAVING max(day) IS NOT NULL"
    ),
    Measure.REQUESTS: _plain("rights_request", "made_at", "kind"),
    Measure.ANSWERED: _plain(
        "rights_request",
        "closed_at",
        f"CASE WHEN {_day('closed_at')} <= due_on THEN 'in-time' ELSE 'late' END",
    ),
    Measure.OPEN_REQUESTS: _now(
        "SELECT '', CASE WHEN due_on < %(end)s::date - 1 THEN 'overdue' ELSE 'due' END, count(*) FROM rights_request"
        " WHERE closed_at IS NULL GROUP BY 2"
    ),
}
