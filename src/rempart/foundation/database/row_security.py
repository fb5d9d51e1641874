"""Row-level security: what a session may see, said once in SQL and set at the start of each transaction.

Policies compare columns of the row with settings of the session and look nowhere else:
`rempart.nominative` (departments whose persons it may see: "75,92", or "*" for the whole nation),
`rempart.person` and `rempart.identity` (the keys of those it may see one by one), `rempart.agent` (whose handed
files they are), `rempart.establishment` (FINESS of the place it speaks for, whose own rows it may see). A session that set none of them sees nothing. `rempart.everything` is "*" for the platform
itself and for those who watch over it: it opens the trail, and nothing of a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

EVERYWHERE = "*"

# Sub-selects: looked at once per statement, never once per row.
_EVERYWHERE = f"(SELECT current_setting('rempart.nominative', true) = '{EVERYWHERE}')"
_DEPARTMENTS = "(SELECT string_to_array(current_setting('rempart.nominative', true), ','))::text[]"
_ESTABLISHMENT = "(SELECT nullif(current_setting('rempart.establishment', true), ''))"


class Cursor(Protocol):
    def execute(self, query: str, params: tuple[Any, ...] = ..., /) -> object: ...


def protect(table: str, *, own: tuple[str, str] | None = None, handed: str = "") -> str:
    """The SQL that puts a table (or a partitioned parent) with a `department` under row security; run again,
    it replaces what it said before.

    `own`: (setting, column), such as ("person", "person_id"): what somebody may read of the persons he
    stands for. `handed`: the column that names the agent to whom a row was handed.
    """
    sees = f"{_EVERYWHERE} OR department = ANY ({_DEPARTMENTS})"
    sql = f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS by_department ON {table};
        CREATE POLICY by_department ON {table} USING ({sees}) WITH CHECK ({sees});
    """
    if own:
        setting, column = own
        among = f"{column} = ANY ({_keys(setting)})"
        sql += f"DROP POLICY IF EXISTS by_{setting} ON {table};"
        sql += f"CREATE POLICY by_{setting} ON {table} FOR SELECT USING ({among});"
    if handed:
        his = f"{handed} = ANY ({_keys('agent')})"
        sql += f"DROP POLICY IF EXISTS by_agent ON {table};"
        sql += f"CREATE POLICY by_agent ON {table} USING ({his}) WITH CHECK ({his});"
    return sql


def protect_both(table: str, other: str) -> str:
    """As `protect`, for a table whose rows are about two departments: `department` and the column `other`. Both must be
    seen."""
    sees = f"{_EVERYWHERE} OR {other} = ANY ({_DEPARTMENTS})"
    return (
        protect(table)
        + f"""
        DROP POLICY IF EXISTS by_{other} ON {table};
        CREATE POLICY by_{other} ON {table} AS RESTRICTIVE USING ({sees}) WITH CHECK ({sees});
    """
    )


def protect_for(table: str, *, establishments: Iterable[str] = (), agent: str = "") -> str:
    """The SQL that puts a table under row security whose rows are not a department's: of the whole nation's sight, of
    the `establishments` that these columns name, and of the `agent` whom this one does. Run again, it replaces
    what it said before."""
    sees = [_EVERYWHERE, *(f"{column} = {_ESTABLISHMENT}" for column in establishments)]
    sees += [f"{agent} = ANY ({_keys('agent')})"] if agent else []
    whose = " OR ".join(sees)
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS by_place ON {table};
        CREATE POLICY by_place ON {table} USING ({whose}) WITH CHECK ({whose});
    """


def _keys(setting: str) -> str:
    """A setting's keys as an array."""
    return f"(SELECT string_to_array(nullif(current_setting('rempart.{setting}', true), ''), ',')::uuid[])::uuid[]"


def set_sight(
    cursor: Cursor,
    *,
    departments: Iterable[str] = (),
    nominative: bool = True,
    everything: bool = True,
    persons: Iterable[UUID] = (),
    identities: Iterable[UUID] = (),
    agent: UUID | None = None,
    establishment: str = "",
) -> None:
    """Say what this transaction may see; forgotten at its end. `nominative`: whether the departments (and the
    establishment) are seen with their persons; `everything`: whether whoever has all of them is shown the trail too."""
    perimeter = ",".join(departments)
    cursor.execute(
        "SELECT set_config('rempart.everything', %s, true), set_config('rempart.nominative', %s, true),"
        " set_config('rempart.person', %s, true), set_config('rempart.identity', %s, true),"
        " set_config('rempart.agent', %s, true), set_config('rempart.establishment', %s, true)",
        (
            perimeter if everything and perimeter == EVERYWHERE else "",
            perimeter if nominative else "",
            ",".join(map(str, persons)),
            ",".join(map(str, identities)),
            str(agent or ""),
            establishment if nominative else "",
        ),
    )


def monthly_partitions(table: str) -> str:
    """The SQL of a function `<table>_month(date)` that makes the partition of a month when it is missing.

    It runs as its owner, for the application makes no table; the partition itself is under row security
    without any policy, so that nobody reads it but through its parent.
    """
    return f"""
        CREATE FUNCTION {table}_month(month date) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            first date := date_trunc('month', month);
            part text := '{table}_' || to_char(month, 'YYYY_MM');
        BEGIN
            IF to_regclass('public.' || part) IS NOT NULL THEN RETURN; END IF;
            PERFORM pg_advisory_xact_lock(hashtext('{table}'));
            -- the catalogue itself: after a wait, to_regclass still remembers that there was none
            IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace)
            THEN RETURN; END IF;
            EXECUTE format('CREATE TABLE %I PARTITION OF {table} FOR VALUES FROM (%L) TO (%L)',
                           part, first, first + interval '1 month');
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
            IF session_user <> current_user THEN
                EXECUTE format('REVOKE ALL ON %I FROM %I', part, session_user);
            END IF;
        END $$;
        REVOKE ALL ON FUNCTION {table}_month(date) FROM PUBLIC;
    """  # noqa: S608 -- a table of ours, in a migration


def droppable_months(table: str) -> str:
    """The SQL of a function `<table>_drop_month(month date, today date)` that drops the partition of a month once
    no row of it expires on `today` or later; how many rows went, null when it is not there or not due.

    It runs as its owner, waits half a second at most for those who read the table, and raises then.
    """
    return f"""
        CREATE FUNCTION {table}_drop_month(month date, today date) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
        DECLARE
            part text := '{table}_' || to_char(month, 'YYYY_MM');
            held bigint;
            kept boolean;
        BEGIN
            IF to_regclass('public.' || part) IS NULL THEN RETURN NULL; END IF;
            EXECUTE format('LOCK TABLE %I IN SHARE MODE', part);
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE expires_on >= %L)', part, today) INTO kept;
            IF kept THEN RETURN NULL; END IF;
            EXECUTE format('SELECT count(*) FROM %I', part) INTO held;
            EXECUTE format('DROP TABLE %I', part);
            RETURN held;
        END $$;
        REVOKE ALL ON FUNCTION {table}_drop_month(date, date) FROM PUBLIC;
    """  # noqa: S608 -- a table of ours, in a migration
