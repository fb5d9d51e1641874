"""SECURITY: row-level security, seen from the application's own connection."""

from dataclasses import replace

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import errors
from tests.factories import finess_in, investigator, message, person, report
from tests.functional.settling import settle

from rempart.foundation.access.actor import acting, patient
from rempart.foundation.database.keys import uuid7
from rempart.foundation.database.row_security import set_sight
from rempart.foundation.people.models import Identity
from rempart.screening import models as screening
from rempart.screening.rules.report import Outcome
from rempart.tracing.models import Case

pytestmark = pytest.mark.django_db(transaction=True)

MODELS = {
    "screening_result": screening.TestResult,
    "people_identity": Identity,
    "tracing_case": Case,
    "screening_message": screening.Message,
}


@pytest.fixture
def two_departments(keep):
    """A positive of Paris, one of Lyon, each by a laboratory of the place; one held message of each."""
    lyon = finess_in("69")
    there = person(
        birth_name="DELYON",
        used_name="",
        ins="",
        ins_authority="",
        address=replace(person().address, postal_code="69003", city="LYON"),
    )
    away = report(there, laboratory=replace(report().laboratory, finess=lyon))
    keep(message(report()), message(away, sender=lyon))
    keep(message(outcome=Outcome.HELD, raw=b"a"), message(outcome=Outcome.HELD, raw=b"b", sender=lyon))
    settle()


@pytest.fixture
def app(two_departments, test_database):
    """A bare connection of the application's role."""
    with psycopg.connect(test_database.app_url) as bare:
        yield bare


def seen(cursor, table):
    cursor.execute(f"SELECT DISTINCT department FROM {table} ORDER BY 1")
    return [department for (department,) in cursor.fetchall()]


@pytest.mark.parametrize("table", MODELS)
def test_security_an_agent_sees_his_departments_only_through_the_orm(two_departments, table):
    with acting(investigator("75")):
        assert set(MODELS[table].objects.values_list("department", flat=True)) == {"75"}
    with acting(investigator("69", "13")):
        assert set(MODELS[table].objects.values_list("department", flat=True)) == {"69"}
    with acting(investigator("13")):
        assert not MODELS[table].objects.exists()


@pytest.mark.parametrize("table", MODELS)
def test_security_an_agent_sees_his_departments_only_through_sql(app, table):
    with app.transaction(), app.cursor() as cursor:
        set_sight(cursor, departments=("75",))
        assert seen(cursor, table) == ["75"]
        set_sight(cursor, departments=("75", "69"))
        assert seen(cursor, table) == ["69", "75"]
    with app.cursor() as cursor:  # another transaction: forgotten
        assert seen(cursor, table) == []


@pytest.mark.parametrize("table", MODELS)
def test_security_a_session_that_said_nothing_sees_nothing(app, two_departments, table):
    with app.cursor() as cursor:
        assert seen(cursor, table) == []
    with acting(investigator()):
        assert not MODELS[table].objects.exists()
    assert not MODELS[table].objects.exists()


@pytest.mark.parametrize("departments", [("",), ("7",), ("75 ",), ("%",), ("{75}",), ("75') OR true --",)])
def test_security_a_department_is_compared_whole(app, departments):
    with app.transaction(), app.cursor() as cursor:
        set_sight(cursor, departments=departments)
        assert seen(cursor, "screening_result") == []


@pytest.mark.parametrize("table", MODELS)
def test_security_an_agent_changes_no_row_of_another_department(app, owner, table):
    before = owner.execute(f"SELECT count(*) FROM {table}").fetchall()
    with app.transaction(), app.cursor() as cursor:
        set_sight(cursor, departments=("75",))
        cursor.execute(f"DELETE FROM {table} WHERE department <> '75'")
        assert cursor.rowcount == 0
        cursor.execute(f"UPDATE {table} SET expires_on = '1900-01-01' WHERE department = '69'")
        assert cursor.rowcount == 0
    with pytest.raises(errors.InsufficientPrivilege), app.transaction(), app.cursor() as cursor:
        set_sight(cursor, departments=("75",))
        cursor.execute(f"UPDATE {table} SET department = '69'")  # away from one's own sight
    assert owner.execute(f"SELECT count(*) FROM {table}").fetchall() == before


def test_security_a_delegate_sees_the_files_handed_to_him_and_no_other(two_departments, owner):
    delegate, other = uuid7(), uuid7()
    owner.execute("UPDATE tracing_case SET handed_to = %s WHERE department = '75'", [delegate])
    owner.execute("UPDATE tracing_case SET handed_to = %s WHERE department = '69'", [other])
    with transaction.atomic(), connection.cursor() as cursor:
        set_sight(cursor, agent=delegate)
        assert list(Case.objects.values_list("department", "handed_to")) == [("75", delegate)]
        assert not Identity.objects.exists()  # until a case names them
        cursor.execute("UPDATE tracing_case SET state = 'taken'")
        assert cursor.rowcount == 1
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        set_sight(cursor, agent=delegate)
        cursor.execute("UPDATE tracing_case SET handed_to = %s", [other])  # handing it on


def test_security_a_patient_sees_only_his_own(two_departments, query):
    ((person_id, identity_id),) = query(
        "SELECT person_id, identity_id FROM screening_result WHERE department = '75'"
    )
    with acting(patient(access="a", person=person_id, identity=identity_id)) as cursor:
        assert list(screening.TestResult.objects.values_list("person_id", flat=True)) == [person_id]
        assert list(Identity.objects.values_list("id", flat=True)) == [identity_id]
        assert list(Case.objects.values_list("person_id", flat=True)) == [person_id]
        assert not screening.Message.objects.exists()
        for table in ("screening_result", "tracing_case"):
            cursor.execute(f"DELETE FROM {table}")
            assert cursor.rowcount == 0
        cursor.execute("UPDATE people_identity SET created_at = now()")
        assert cursor.rowcount == 0


def test_security_a_partition_is_not_read_directly(app, owner):
    partitions = owner.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'"
    ).fetchall()
    assert partitions
    for (name,) in partitions:
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            set_sight(app, departments=("*",))
            app.execute(f"SELECT FROM {name}")


def test_security_every_table_with_a_department_of_a_person_is_under_row_security(owner):
    """A new nominative table that forgets it fails here."""
    free = {
        "directories_laboratory",  # public
        "directories_entity",  # public
        "directories_establishment",  # public
        "screening_register",  # laboratories
        "screening_register_request",  # likewise
        "screening_access",  # digests and keys; read before the session knows who is there
    }
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'department' AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity"
        " AND c.relnamespace = 'public'::regnamespace"
    ).fetchall()
    assert {name for (name,) in rows} == free


FORBIDDEN = (
    "ALTER TABLE screening_result DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE people_identity NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY by_department ON screening_result",
    "CREATE POLICY mine ON screening_result USING (true)",
    "DROP TABLE screening_result",
    "TRUNCATE screening_result",
    "UPDATE audit_entry SET actor = 'somebody else'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "UPDATE events_event SET topic = 'other'",
    "DELETE FROM events_event",
    "DELETE FROM django_migrations",
    "CREATE TABLE mine (id int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "SET ROLE rempart_owner",
    "ALTER ROLE rempart_app BYPASSRLS",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_security_the_application_may_not(app, statement):
    with pytest.raises(errors.InsufficientPrivilege), app.transaction():
        app.execute(statement)


@pytest.mark.parametrize(
    "statement", ["COPY screening_result FROM STDIN", "COPY (SELECT 1) TO PROGRAM 'cat'"]
)
def test_security_the_application_may_not_copy_around_row_security(app, statement):
    with (
        pytest.raises((errors.InsufficientPrivilege, errors.FeatureNotSupported)),
        app.transaction(),
        app.cursor().copy(statement),
    ):
        pass


def test_security_a_copy_out_of_a_table_is_under_row_security(app):
    with app.transaction(), app.cursor().copy("COPY screening_result TO STDOUT") as copied:
        assert list(copied.rows()) == []


def test_security_row_security_cannot_be_switched_off(app):
    with pytest.raises(errors.InsufficientPrivilege), app.transaction():
        app.execute("SET LOCAL row_security = off")
        app.execute("SELECT FROM screening_result")


def test_security_the_application_owns_nothing_and_is_above_nobody(app, owner):
    role = app.info.user
    owned = owner.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE r.rolname = %s AND c.relpersistence <> 't'",
        (role,),
    ).fetchone()
    assert owned == (0,)
    rights = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles"
        " WHERE rolname = %s",
        (role,),
    ).fetchone()
    assert rights == (False,) * 5


def test_security_a_partition_made_by_the_intake_is_closed_like_the_others(app):
    """The application makes partitions through a function that runs as the owner, and gains nothing."""
    with app.transaction():
        app.execute("SELECT screening_result_month('2041-05-17')")
    with pytest.raises(errors.InsufficientPrivilege), app.transaction():
        app.execute("SELECT FROM screening_result_2041_05")


def test_security_nothing_temporary_stands_in_for_a_partition(app, owner):
    with app.transaction():
        app.execute("CREATE TEMP TABLE screening_result_2042_06 (id int) ON COMMIT DROP")
        app.execute("SELECT screening_result_month('2042-06-01')")
    made = owner.execute("SELECT to_regclass('public.screening_result_2042_06') IS NOT NULL").fetchone()
    assert made == (True,)


def test_security_the_intake_leaves_nothing_beside_the_tables_under_row_security(two_departments):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
        assert cursor.fetchall() == []
