"""The door to the database: the embedded cluster, or the PostgreSQL that DATABASE_URL names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from rempart.foundation.database import embedded, roles
from rempart.foundation.database.embedded import Cluster
from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.passwords import Role
from rempart.foundation.database.place import Tell, to_stderr
from rempart.foundation.database.tuning import Tuning

OLDEST = 16
"""The oldest major version of PostgreSQL that Rempart works on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where to connect, as libpq URLs; they hold passwords and are not shown in the repr."""

    app_url: str = field(repr=False)
    owner_url: str | None = field(repr=False)
    """The migrating role's; None when the operator gave none (DATABASE_URL alone)."""
    admin_url: str | None = field(repr=False)
    """The embedded cluster's superuser; None elsewhere."""

    def environment(self) -> dict[str, str]:
        """What to set for this process or a child, so that it finds the same database."""
        owner = {"DATABASE_OWNER_URL": self.owner_url} if self.owner_url else {}
        return {"DATABASE_URL": self.app_url, **owner}


@contextmanager
def database(
    environment: Mapping[str, str],
    *,
    var: Path,
    tuning: Tuning | None = None,
    wait: float = 600,
    tell: Tell = to_stderr,
) -> Iterator[Database]:
    """The database for as long as the block lasts: DATABASE_URL's, else the embedded one under var/postgres.

    DATABASE_URL is the application's role, DATABASE_OWNER_URL (optional) the migrating one's. Raises
    DatabaseError: server older than 16, a role that could step over row security, a server that
    cannot be reached or started.
    """
    url = environment.get("DATABASE_URL", "")
    if url:
        check_application_role(url)
        yield Database(app_url=url, owner_url=environment.get("DATABASE_OWNER_URL") or None, admin_url=None)
        return
    with embedded.running(var / "postgres", tuning=tuning, wait=wait, tell=tell) as cluster:
        yield prepared(cluster)


def prepared(cluster: Cluster, *, dbname: str = roles.DATABASE) -> Database:
    """The roles and the database `dbname` in an embedded cluster, made where they are missing."""
    roles.prepare(
        cluster.admin_url,
        owner_password=cluster.passwords[Role.OWNER],
        app_password=cluster.passwords[Role.APP],
        dbname=dbname,
    )
    return in_cluster(cluster, dbname=dbname)


def in_cluster(cluster: Cluster, *, dbname: str) -> Database:
    """A database of the embedded cluster, by name; it is not looked at."""
    return Database(
        app_url=cluster.url(user=Role.APP, dbname=dbname),
        owner_url=cluster.url(user=Role.OWNER, dbname=dbname),
        admin_url=cluster.admin_url,
    )


def check_application_role(url: str) -> None:
    """Refuse, with DatabaseError, a server or a role under which row-level security would be no wall."""
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            major = connection.info.server_version // 10000
            if major < OLDEST:
                raise DatabaseError(
                    f"DATABASE_URL names PostgreSQL {major}; Rempart needs {OLDEST} or later. Upgrade the server."
                )
            faults = connection.execute(_FAULTS).fetchall()
            user = connection.info.user
    except psycopg.OperationalError as error:
        raise DatabaseError(
            f"DATABASE_URL: the server cannot be reached, or refuses the login: {str(error).strip()}"
        ) from error
    if faults:
        raise DatabaseError(
            f"DATABASE_URL names the role {user}, which {'; '.join(fault for (fault,) in faults)}. The application "
            "connects as a role that owns nothing and cannot step over row security: make one "
            "(CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS), name it in DATABASE_URL, and put the owner in "
            "DATABASE_OWNER_URL."
        )


_FAULTS = """
WITH mine AS (
    SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
), me AS (
    SELECT * FROM mine WHERE rolname = current_user
)
SELECT 'is a superuser' FROM me WHERE rolsuper
UNION ALL
SELECT 'has BYPASSRLS' FROM me WHERE rolbypassrls
UNION ALL
SELECT 'can become ' || mine.rolname || ', which is a superuser or has BYPASSRLS'
  FROM mine, me
 WHERE (mine.rolsuper OR mine.rolbypassrls) AND NOT (me.rolsuper OR me.rolbypassrls)
UNION ALL
SELECT 'owns the database ' || datname
  FROM pg_database, me
 WHERE datname = current_database() AND datdba IN (SELECT oid FROM mine) AND NOT me.rolsuper
UNION ALL
(SELECT 'owns tables, such as ' || min(relname) || ' (or is a member of their owner)'
  FROM pg_class, me
 WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND relowner IN (SELECT oid FROM mine) AND NOT me.rolsuper
HAVING count(*) > 0)
"""
