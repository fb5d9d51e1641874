"""The two roles that every room relies on, and the databases they share.

rempart_owner owns database and schema and runs the migrations; rempart_app, which the application
connects as, owns nothing, makes nothing and cannot step over row-level security.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from rempart.foundation.database.passwords import Role
from rempart.foundation.database.urls import change

DATABASE = "rempart"
_ONE_AT_A_TIME = 0x72656D70617274  # "rempart": the advisory lock of those who prepare


def prepare(admin_url: str, *, owner_password: str, app_password: str, dbname: str = DATABASE) -> None:
    """Make both roles and one database, or see that they are as they should be; any number of times.

    `admin_url` is the superuser's, on any database. A role's password becomes the one given.
    """
    with _admin(admin_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ONE_AT_A_TIME])
        _role(connection, Role.OWNER, owner_password)
        _role(connection, Role.APP, app_password)
        if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", dbname):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(dbname), sql.Identifier(Role.OWNER)
                )
            )
        _close_to_public(connection, dbname)
        with _admin(change(admin_url, dbname=dbname)) as inside:
            inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(Role.OWNER)))
            _grant(inside, Role.APP)


def clone(admin_url: str, *, template: str, name: str) -> None:
    """Make the database `name` as a copy of `template`, to which nobody may be connected; replaces `name`."""
    with _admin(admin_url) as connection:
        _drop(connection, name)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(Role.OWNER), sql.Identifier(template)
            )
        )
        _close_to_public(connection, name)


def drop(admin_url: str, *, name: str) -> None:
    """Drop the database `name`, cutting its sessions; nothing when there is none."""
    with _admin(admin_url) as connection:
        _drop(connection, name)


@contextmanager
def _admin(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


def _role(connection: psycopg.Connection, role: Role, password: str) -> None:
    verb = "ALTER" if _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", role) else "CREATE"
    connection.execute(
        sql.SQL(
            "{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD {}"
        ).format(sql.SQL(verb), sql.Identifier(role), sql.Literal(password))
    )


def _close_to_public(connection: psycopg.Connection, dbname: str) -> None:
    """Only our application's role connects (the owner owns); it may make temporary tables, nothing else."""
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(dbname)))
    connection.execute(
        sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
            sql.Identifier(dbname), sql.Identifier(Role.APP)
        )
    )


def _grant(connection: psycopg.Connection, app_role: str) -> None:
    """Default privileges of whoever the connection is; EXECUTE outlives a REVOKE from PUBLIC."""
    for rights in (
        "SELECT, INSERT, UPDATE, DELETE ON TABLES",
        "USAGE, SELECT ON SEQUENCES",
        "EXECUTE ON FUNCTIONS",
    ):
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES GRANT {} TO {}").format(
                sql.SQL(rights), sql.Identifier(app_role)
            )
        )


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
