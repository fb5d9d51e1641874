"""What an entry says, and what the application can do with the trail: add, and read what it may see."""

import logging
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from django.db import DataError, connection, transaction
from psycopg import errors
from tests.factories import NOW, delivery, investigator, machine, message, of
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, acting, patient, system
from rempart.foundation.access.rights import Fields
from rempart.foundation.audit.models import Entry
from rempart.foundation.audit.trail import About, Act, Undeclared, record, record_each, record_refusal
from rempart.foundation.database.keys import uuid7

pytestmark = pytest.mark.django_db(transaction=True)

PARIS = investigator("75")


@pytest.fixture
def app(test_database, transactional_db):
    """The application's own role, in plain SQL."""
    with psycopg.connect(test_database.app_url, autocommit=True) as connection:
        yield connection


def test_an_entry_says_who_for_whom_what_whose_why_and_from_where():
    person = uuid7()
    who = replace(
        PARIS, organisation="CPAM de Paris", origin="2001:db8::7", fields=(Fields.IDENTITY, Fields.CONTACT)
    )
    record(who, Act.CASE_OPENED, "some-case", now=NOW, person=person, namesake=False)
    (entry,) = entries()
    assert (entry.at, entry.actor, entry.role, entry.organisation) == (
        NOW, who.id, "investigator", "CPAM de Paris",
    )  # fmt: skip
    assert (entry.purpose, entry.act, entry.subject, entry.person_id) == (
        "investigation", "case-opened", "some-case", person,
    )  # fmt: skip
    assert (entry.fields, entry.origin, entry.details) == (
        ["identity", "contact"], "2001:db8::7", {"namesake": False},
    )  # fmt: skip


@pytest.fixture
def statements(monkeypatch):
    """The statements that the trail sends."""
    sent, execute = [], psycopg.Cursor.execute

    def noted(self, query, *args, **kwargs):
        if "audit_entry" in str(query):
            sent.append(query)
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    return sent


def test_many_entries_are_one_statement(statements, django_assert_num_queries):
    about = [
        About(subject=str(uuid7()), details={"channel": "https", "messages": rank, "results": 1})
        for rank in range(50)
    ]
    with transaction.atomic(), django_assert_num_queries(0):
        record_each(machine("750000010"), Act.DELIVERY_RECEIVED, about, now=NOW)
        record_each(machine("750000010"), Act.DELIVERY_RECEIVED, [], now=NOW)
    assert len(statements) == 1
    assert [(e.subject, e.details["messages"]) for e in entries()] == [
        (one.subject, one.details["messages"]) for one in about
    ]


def test_deliveries_of_several_machines_are_one_statement_and_name_each(statements):
    machines = [machine("750000010"), machine("690000017")]
    about = [About(subject=str(rank), by=by) for rank, by in enumerate(machines)]
    record_each(system(Purpose.INTAKE), Act.DELIVERY_RECEIVED, about, now=NOW)
    assert len(statements) == 1
    assert [(e.subject, e.actor, e.role) for e in entries()] == [
        (str(rank), by.id, "laboratory") for rank, by in enumerate(machines)
    ]


def test_one_entry_is_one_statement_outside_a_transaction_too(statements, django_assert_num_queries):
    with django_assert_num_queries(0):
        record(PARIS, Act.CASES_SEARCHED, "case", now=NOW, found=1)
    assert len(statements) == 1
    assert len(entries()) == 1


def test_what_the_database_refuses_is_one_of_its_errors():
    with pytest.raises(DataError):
        record(replace(PARIS, organisation="x" * 200), Act.CASES_SEARCHED, "case", now=NOW, found=1)


def test_an_entry_goes_with_its_transaction():
    with pytest.raises(RuntimeError), transaction.atomic():
        record(PARIS, Act.CASES_SEARCHED, "case", now=NOW, found=1)
        raise RuntimeError
    assert entries() == []


def test_security_what_the_catalogue_does_not_declare_is_refused():
    with pytest.raises(Undeclared, match="cases-searched has no detail name"):
        record(PARIS, Act.CASES_SEARCHED, "case", now=NOW, name="Zygomalas")
    assert entries() == []


def test_in_production_it_is_written_and_told_without_its_value(settings, caplog):
    settings.AUDIT_STRICT = False
    with caplog.at_level(logging.ERROR):
        record(PARIS, Act.CASES_SEARCHED, "case", now=NOW, name="Zygomalas")
    assert len(entries()) == 1
    assert "cases-searched has no detail name" in caplog.text
    assert "Zygomalas" not in caplog.text


def test_a_refusal_says_the_door_and_why():
    record_refusal(PARIS, door="case-file", method="GET", reason="not-allowed", now=NOW)
    (entry,) = entries()
    assert (entry.act, entry.subject, entry.details) == (
        "access-refused", "case-file", {"door": "case-file", "method": "GET", "reason": "not-allowed"},
    )  # fmt: skip


def test_security_an_agents_session_reads_no_entry():
    record(PARIS, Act.CASES_SEARCHED, "case", now=NOW, found=1)
    with acting(PARIS):
        assert not Entry.objects.exists()
    assert not Entry.objects.exists()  # nor one that did not say who acts


def test_security_a_person_reads_the_entries_about_himself_only():
    mine, another = uuid7(), uuid7()
    for person in (mine, another, None):
        record(PARIS, Act.CASE_OPENED, "case", now=NOW, person=person, namesake=False)
    with acting(patient(access="a", person=mine, identity=uuid7())):
        assert list(Entry.objects.values_list("person_id", flat=True)) == [mine]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_entry (id, at, actor, role, purpose, act, subject) VALUES (1, now(), 'a', 'b', 'c', 'd', 'e')",
        "INSERT INTO audit_entry (xid, at, actor, role, purpose, act, subject) VALUES ('3', now(), 'a', 'b', 'c', 'd', 'e')",
        "INSERT INTO audit_entry (month, at, actor, role, purpose, act, subject)"
        " VALUES ('2020-01-01', now(), 'a', 'b', 'c', 'd', 'e')",
        "UPDATE audit_entry SET details = '{}'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_block SET digest = ''",
        "DELETE FROM audit_block",
        "UPDATE audit_anchor SET signature = ''",
        "DELETE FROM audit_anchor",
        "INSERT INTO audit_dropped_month VALUES ('2020-01-01', 1, now())",
        "SELECT setval('audit_entry_id', 1)",
        "ALTER TABLE audit_entry DISABLE ROW LEVEL SECURITY",
    ],
)
def test_security_the_application_adds_to_the_trail_and_nothing_else(app, statement):
    with pytest.raises(errors.InsufficientPrivilege), app.transaction():
        app.execute(statement)


def test_the_months_ahead_are_there(query):
    months = {name for (name,) in query("SELECT relname FROM pg_class WHERE relname ~ '^audit_entry_2'")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_char(now() + interval '12 months', 'YYYY_MM')")
        assert f"audit_entry_{cursor.fetchone()[0]}" in months


def test_the_clock_of_an_entry_is_the_acts_own():
    record(PARIS, Act.CASES_SEARCHED, "case", now=NOW - timedelta(days=400), found=1)
    assert [entry.at for entry in entries()] == [NOW - timedelta(days=400)]


def test_a_delivery_leaves_one_entry_a_batch_and_names_nobody(keep):
    """What came twice is not written twice."""
    together = delivery()
    one, two = message(of(1)), message(of(2), of(3))
    keep(one, two, into=together)
    keep(one, two)
    (entry,) = entries()
    assert (entry.act, entry.role, entry.subject, entry.person_id) == (
        "delivery-received", "system", str(together.id), None,
    )  # fmt: skip
    assert entry.details == {"channel": "https", "messages": 2, "results": 3}
