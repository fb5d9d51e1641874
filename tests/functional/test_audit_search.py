"""Searching the trail, page by page; what a person is told of it; what is forgotten of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from tests.factories import NOW, investigator

from rempart.foundation.access.actor import Purpose, acting, patient, system
from rempart.foundation.audit import months, retention
from rempart.foundation.audit.searching import PAGE, Criteria, accesses_of, search
from rempart.foundation.audit.trail import About, Act, record, record_each
from rempart.foundation.database.keys import uuid7, uuid7s

pytestmark = pytest.mark.django_db(transaction=True)

PARIS = replace(investigator("75"), organisation="CPAM de Paris")
LYON = investigator("69")
ANNE, BRUNO = uuid7s(2)


def asks(**criteria):
    with acting(system(Purpose.OVERSIGHT)):
        return [(one.act, one.subject) for one in search(Criteria(**criteria)).entries]


@pytest.fixture
def trail():
    record(PARIS, Act.CASE_OPENED, "anne", now=NOW, person=ANNE)
    record(PARIS, Act.CASE_TAKEN, "anne", now=NOW + timedelta(hours=1), person=ANNE)
    record(LYON, Act.CASE_OPENED, "bruno", now=NOW + timedelta(hours=2), person=BRUNO)
    record(LYON, Act.CASES_SEARCHED, "case", now=NOW + timedelta(hours=3), found=0)


def test_what_is_asked_is_found_newest_first(trail):
    assert asks(persons=[ANNE]) == [("case-taken", "anne"), ("case-opened", "anne")]
    assert asks(subjects=["bruno"]) == [("case-opened", "bruno")]
    assert asks(persons=[ANNE], subjects=["bruno"], acts=["case-opened"]) == [
        ("case-opened", "bruno"),
        ("case-opened", "anne"),
    ]
    assert asks(actor=LYON.id) == [("cases-searched", "case"), ("case-opened", "bruno")]
    assert asks(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=3)) == [
        ("case-opened", "bruno"),
        ("case-taken", "anne"),
    ]
    assert asks(persons=[uuid7()]) == []


def test_pages_follow_each_other_without_gap_or_repeat():
    """Many entries of one moment, too."""
    record_each(
        PARIS,
        Act.CASE_OPENED,
        [About(subject=str(rank), person=ANNE) for rank in range(2 * PAGE + 7)],
        now=NOW,
    )
    after, seen = "", []
    with acting(system(Purpose.OVERSIGHT)):
        while True:
            page = search(Criteria(persons=[ANNE]), after=after)
            seen += [one.subject for one in page.entries]
            after = page.after
            if not after:
                break
    assert seen == [str(rank) for rank in reversed(range(2 * PAGE + 7))]


@pytest.mark.parametrize(
    "after", ["", "x", "2021-04-09~1", "2021-04-09T08:00:00+00:00~" + "9" * 30, "2021-04-09T08:00:00~1"]
)
def test_a_mark_that_is_none_gives_the_first_page(trail, after):
    with acting(system(Purpose.OVERSIGHT)):
        found = search(Criteria(persons=[ANNE]), after=after).entries
    assert len(found) in (0, 2)


def test_a_search_by_person_goes_by_the_index(trail):
    with acting(system(Purpose.OVERSIGHT)) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM audit_entry WHERE person_id = %s AND at <= now() ORDER BY at DESC, id DESC LIMIT 51",
            (ANNE,),
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "person_id_at_idx" in plan


def test_a_person_is_told_who_when_and_why_and_no_name(trail):
    with acting(patient(access="a", person=ANNE, identity=uuid7())):
        told = accesses_of([ANNE])
        assert accesses_of([BRUNO]) == []
    assert [(one.at, one.what, one.organisation, one.role, one.purpose) for one in told] == [
        (NOW + timedelta(hours=1), "Votre dossier a été pris en charge pour vous appeler.", "CPAM de Paris",
         "investigator", "investigation"),
        (NOW, "Votre dossier a été ouvert.", "CPAM de Paris", "investigator", "investigation"),
    ]  # fmt: skip
    assert all(PARIS.id not in repr(one) for one in told)


def test_the_months_ahead_are_made_again_and_again(query):
    months.make_ahead(today=date(2031, 12, 5))
    months.make_ahead(today=date(2031, 12, 5))
    made = [
        name for (name,) in query("SELECT relname FROM pg_class WHERE relname ~ '^audit_entry_203[1-3]_..$'")
    ]
    assert sorted(made)[0] == "audit_entry_2031_12"
    assert "audit_entry_2033_12" in made


def test_what_detection_kept_is_forgotten_like_the_trail(owner, query):
    """And not before: the database itself refuses it to the application."""
    old, young = datetime.now(UTC) - timedelta(days=400), datetime.now(UTC)
    for at in (old, young):
        owner.execute("INSERT INTO audit_habit VALUES ('a', %s, 'investigator', '', 1, 1)", [at.date()])
        owner.execute(
            "INSERT INTO audit_watched VALUES (gen_random_uuid(), gen_random_uuid(), 'well-known', '', %s, %s)",
            [at, at],
        )
        owner.execute(
            "INSERT INTO audit_alert (id, rule, actor, role, organisation, key, first_at, last_at, made_at, figures,"
            " state, reason, handled_by, version)"
            " VALUES (gen_random_uuid(), 'refused', 'a', '', '', %s, %s, %s, %s, '{}', 'new', '', '', 1)",
            [str(at), at, at, at],
        )
    owner.execute(
        "INSERT INTO audit_watched VALUES (gen_random_uuid(), gen_random_uuid(), 'colleague', '', %s)", [old]
    )
    gone: dict[str, int] = {}
    for part in retention.PARTS:
        with acting(system(Purpose.OPERATION)), connection.cursor() as cursor:
            while step := part.step(cursor, young.date(), 10):
                gone |= step
    assert {table: gone[table] for table in ("audit_alert", "audit_watched", "audit_habit")} == {
        "audit_alert": 1, "audit_watched": 1, "audit_habit": 1,
    }  # fmt: skip
    assert query("SELECT count(*) FROM audit_watched") == [(2,)]
    assert query("SELECT count(*) FROM audit_alert") == [(1,)]
