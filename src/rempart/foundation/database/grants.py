"""What the application's role may do with each table: said after every migration, the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from psycopg import Cursor, sql

EVERYTHING: LiteralString = "SELECT, INSERT, UPDATE, DELETE"


def grant(cursor: Cursor[tuple[object, ...]], *, role: str, exceptions: Mapping[str, LiteralString]) -> None:
    """Give `role` its rights on every table of the schema, and none on a partition.

    `exceptions`: table name to rights, where they are less than EVERYTHING. Run as the owner.
    """
    cursor.execute(
        "SELECT c.relname, c.relispartition FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    who = sql.Identifier(role)
    for name, is_partition in cursor.fetchall():
        table = sql.Identifier(str(name))
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(table, who))
        if not is_partition:
            rights = sql.SQL(exceptions.get(str(name), EVERYTHING))
            cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(rights, table, who))
    cursor.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(who))
    cursor.execute(sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}").format(who))
