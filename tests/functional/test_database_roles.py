"""What the application's role can never do, and the databases that Rempart refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from rempart.foundation.database import connection as door
from rempart.foundation.database import embedded, roles
from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.database.connection import Database, check_application_role, database, in_cluster
from rempart.foundation.database.embedded import Cluster
from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.database.tuning import Tuning
from rempart.foundation.database.urls import change

TABLES = """
    CREATE TABLE result (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, department text);
    ALTER TABLE result ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON result USING (department = current_setting('test.department', true));
    INSERT INTO result (department) VALUES ('75'), ('75'), ('2A');
"""


@pytest.fixture
def owner(empty_database: Database) -> Iterator[psycopg.Connection]:
    assert empty_database.owner_url
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        connection.execute(TABLES)
        yield connection


@pytest.fixture
def app(empty_database: Database, owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database.app_url, autocommit=True) as connection:
        yield connection


def test_the_application_uses_what_the_owner_made(app: psycopg.Connection) -> None:
    app.execute("SET test.department = '75'")
    app.execute("INSERT INTO result (department) VALUES ('75')")
    app.execute("UPDATE result SET department = '75' WHERE id = 1")
    app.execute("DELETE FROM result WHERE id = 2")
    assert app.execute("SELECT id FROM result ORDER BY id").fetchall() == [(1,), (4,)]


def test_the_application_sees_only_the_rows_of_the_policy(app: psycopg.Connection) -> None:
    assert app.execute("SELECT count(*) FROM result").fetchone() == (0,)
    app.execute("SET test.department = '2A'")
    assert app.execute("SELECT count(*) FROM result").fetchone() == (1,)
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        app.execute("INSERT INTO result (department) VALUES ('75')")


@pytest.mark.parametrize(
    "forbidden",
    [
        "CREATE TABLE mine ()",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE result DISABLE ROW LEVEL SECURITY",
        "DROP POLICY mine ON result",
        "DROP TABLE result",
        "TRUNCATE result",
        "SET ROLE rempart_owner",
        "SET SESSION AUTHORIZATION rempart_owner",
        "ALTER ROLE rempart_app BYPASSRLS",
        "ALTER ROLE rempart_app SUPERUSER",
        "COPY result TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_the_application_may_not(app: psycopg.Connection, forbidden: str) -> None:
    with pytest.raises(
        (errors.InsufficientPrivilege, errors.InvalidParameterValue), match=r"denied|must be owner"
    ):
        app.execute(forbidden)


def test_row_security_turned_off_by_the_session_is_an_error(app: psycopg.Connection) -> None:
    app.execute("SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("SELECT * FROM result")


def test_a_function_closed_to_all_stays_open_to_the_application(
    owner: psycopg.Connection, app: psycopg.Connection
) -> None:
    owner.execute("CREATE FUNCTION answer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 42'")
    owner.execute("REVOKE ALL ON FUNCTION answer() FROM PUBLIC")
    assert app.execute("SELECT answer()").fetchone() == (42,)


def test_neither_role_of_ours_is_above_the_law(cluster: Cluster, empty_database: Database) -> None:
    with psycopg.connect(cluster.admin_url) as connection:
        rows = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication"
            " FROM pg_roles WHERE rolname IN ('rempart_owner', 'rempart_app')"
        ).fetchall()
    assert rows == [(False,), (False,)]


def test_prepare_mends_a_role(open_folder: Path) -> None:
    with embedded.running(open_folder / "pg", tuning=Tuning.for_tests()) as cluster:
        made = door.prepared(cluster)
        with psycopg.connect(cluster.admin_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE rempart_app BYPASSRLS PASSWORD 'lost'")
        assert door.prepared(cluster) == made
        check_application_role(made.app_url)


def test_a_clone_has_the_rows_and_the_rights_of_its_template(
    cluster: Cluster, empty_database: Database, owner: psycopg.Connection
) -> None:
    template, name = str(owner.info.dbname), f"rempart_test_copy_{os.getpid()}"
    owner.close()
    for _ in range(2):  # replaces the one before
        roles.clone(cluster.admin_url, template=template, name=name)
        copy = in_cluster(cluster, dbname=name)
        with psycopg.connect(copy.app_url) as connection:
            connection.execute("SET test.department = '75'")
            assert connection.execute("SELECT count(*) FROM result").fetchone() == (2,)
            connection.execute("DELETE FROM result")
    roles.drop(cluster.admin_url, name=name)
    roles.drop(cluster.admin_url, name=name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy.app_url)


def test_database_url_is_used_as_it_is(empty_database: Database, tmp_path: Path) -> None:
    environment = empty_database.environment()
    with database(environment, var=tmp_path) as found:
        assert found == Database(
            app_url=empty_database.app_url, owner_url=empty_database.owner_url, admin_url=None
        )
    assert list(tmp_path.iterdir()) == []  # no cluster was made
    assert "password" not in repr(found)


def test_a_superuser_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with (
        pytest.raises(DatabaseError, match="role rempart_admin, which is a superuser"),
        database({"DATABASE_URL": cluster.admin_url}, var=tmp_path),
    ):
        pass


def test_the_owner_is_refused(empty_database: Database, owner: psycopg.Connection) -> None:
    assert empty_database.owner_url
    with pytest.raises(DatabaseError, match=r"owns the database .*; owns tables, such as result"):
        check_application_role(empty_database.owner_url)


@pytest.mark.parametrize(
    ("change_role", "reason"),
    [
        ("ALTER ROLE {} BYPASSRLS", "has BYPASSRLS"),
        ("GRANT rempart_owner TO {}", "owns tables, such as result"),
        ("GRANT rempart_admin TO {}", "can become rempart_admin"),
    ],
)
def test_a_role_that_could_step_over_is_refused(
    cluster: Cluster, empty_database: Database, owner: psycopg.Connection, change_role: str, reason: str
) -> None:
    role = f"rempart_test_{os.getpid()}"
    url = change(empty_database.app_url, user=role, password="x")
    with psycopg.connect(cluster.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        try:
            admin.execute(f"GRANT CONNECT ON DATABASE {owner.info.dbname} TO {role}")
            check_application_role(url)
            admin.execute(change_role.format(role))
            with pytest.raises(DatabaseError, match=reason):
                check_application_role(url)
        finally:
            with psycopg.connect(change(cluster.admin_url, dbname=str(owner.info.dbname))) as inside:
                inside.execute(f"DROP OWNED BY {role}")
            admin.execute(f"DROP ROLE {role}")


def test_an_older_server_is_refused(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "OLDEST", 99)
    with pytest.raises(DatabaseError, match="names PostgreSQL 18; Rempart needs 99 or later"):
        check_application_role(empty_database.app_url)


def test_a_server_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be reached") as refused:
        check_application_role(f"postgresql://user:secret@/x?host={tmp_path}")
    assert "secret" not in str(refused.value)


def test_without_database_url_the_embedded_one(open_folder: Path) -> None:
    with (
        database({"DATABASE_URL": ""}, var=open_folder, tuning=Tuning.for_tests()) as found,
        psycopg.connect(found.app_url) as connection,
    ):
        assert connection.execute("SELECT current_user, current_database()").fetchone() == (
            "rempart_app",
            "rempart",
        )
        check_application_role(found.app_url)
    assert (open_folder / "postgres" / "passwords.json").exists()


def test_rows_are_copied_as_they_are(owner: psycopg.Connection) -> None:
    columns = {
        "id": "uuid",
        "sealed": "bytea",
        "at": "timestamptz",
        "name": "text",
        "n": "int4",
        "day": "date",
    }
    owner.execute(f"CREATE TABLE staging ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    rows: list[tuple[UUID, bytes, datetime, str | None, int | None, date]] = [
        (
            key,
            os.urandom(n),
            datetime(2021, 3, 1, 23, 59, 59, n, UTC),
            "Hélène\t\\N\n",
            n - 2,
            date(2021, 3, n + 1),
        )
        for n, key in enumerate(uuid7s(5))
    ]
    rows.append((*rows[0][:3], None, None, date(1900, 1, 1)))
    with owner.transaction(), owner.cursor() as cursor:
        made = copy_rows(
            cursor, table="public.staging", columns=[*columns], types=[*columns.values()], rows=rows
        )
    assert made == len(rows)
    assert owner.execute("SELECT * FROM staging").fetchall() == rows
