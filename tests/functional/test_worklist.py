"""The investigator's list: order, departments, pages, and what it costs."""

from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import NOW, in_lyon, investigator, of, report
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, Role
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, has
from rempart.tracing import rules
from rempart.tracing.services import working
from rempart.tracing.services import worklist as service

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = (rules.State.WAITING,)
PARIS = investigator("75")
LYON = investigator("69")


def names(lines):
    return [line.identity.display_name if line.identity else None for line in lines]


def test_newest_first_and_only_of_my_departments(arrive, keyring):
    arrive(of(1))
    arrive(in_lyon(9))
    arrive(of(2), of(3))
    lines = service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW).lines
    assert names(lines)[2:] == ["PERSONNEB Alix"]
    assert set(names(lines)[:2]) == {"PERSONNEC Alix", "PERSONNED Alix"}
    assert [line.case.id for line in lines[:2]] == sorted((line.case.id for line in lines[:2]), reverse=True)
    assert names(service.worklist(actor=LYON, states=WAITING, keyring=keyring, now=NOW).lines) == [
        "PERSONNEJ Alix"
    ]
    both = investigator("75", "69")
    assert len(service.worklist(actor=both, states=WAITING, keyring=keyring, now=NOW).lines) == 4


def test_residence_decides_not_the_laboratory(arrive, keyring):
    away = replace(in_lyon(), laboratory=report().laboratory)  # lives in Lyon, tested in Paris
    arrive(away)
    assert service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW).lines == []
    assert len(service.worklist(actor=LYON, states=WAITING, keyring=keyring, now=NOW).lines) == 1


@pytest.mark.parametrize(
    "role", [role for role in Role if role is not Role.SYSTEM and not has(role, Right.CASES_LIST)]
)
def test_nobody_sees_a_list_to_whom_the_table_does_not_give_it(role, keyring):
    with pytest.raises(NotAllowed):
        service.worklist(actor=investigator("75", role=role), states=WAITING, keyring=keyring, now=NOW)


def test_another_purpose_opens_no_list(keyring):
    curious = replace(PARIS, purpose=Purpose.EXCHANGE)
    with pytest.raises(NotAllowed):
        service.worklist(actor=curious, states=WAITING, keyring=keyring, now=NOW)


def test_an_investigator_without_department_sees_no_list(keyring):
    with pytest.raises(NotAllowed):
        service.worklist(actor=investigator(), states=WAITING, keyring=keyring, now=NOW)


@pytest.fixture
def two_hundred(arrive, keyring):
    for start in range(0, 200, 67):  # cases of one batch were received at the same instant
        arrive(*[of(number) for number in range(start, min(start + 67, 200))])


@pytest.mark.parametrize("departments", [("75",), ("69", "75", "59")], ids=",".join)
def test_pages_give_every_case_once_in_order(two_hundred, keyring, departments):
    seen, after = [], ""
    actor = investigator(*departments)
    for _ in range(10):
        page = service.worklist(actor=actor, states=WAITING, keyring=keyring, now=NOW, after=after)
        seen += [(line.case.received_at, line.case.id) for line in page.lines]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == 200
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "~",
        "2026-01-01~",
        f"2026-01-01T00:00:00~{UUID(int=1)}",
        "2026-01-01T00:00:00+00:00~nothing",
        "~" * 50,
    ],
)
def test_a_page_mark_that_is_none_gives_the_first_page(case, keyring, after):
    assert (
        len(service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW, after=after).lines) == 1
    )


def test_a_page_costs_the_same_few_queries_however_many_cases(two_hundred, keyring):
    with CaptureQueriesContext(connection) as queries:
        page = service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW)
    assert len(page.lines) == service.PAGE
    asked = [q["sql"] for q in queries.captured_queries if "set_config" not in q["sql"]]
    assert len([sql for sql in asked if "SELECT" in sql]) == 3
    # BEGIN, the session's sight, counts, cases, their identities, COMMIT; and the trace, which Django does not count
    assert len(queries) == 6
    assert len(entries(act="cases-listed")) == 1


def test_the_list_page_costs_the_same_with_one_case_as_with_two_hundred(
    two_hundred, paris_client, django_assert_num_queries
):
    with django_assert_num_queries(9):  # web session, account, its session with us, and the six of the list
        page = paris_client.get("/suivi/")
    assert page.content.decode().count("PERSONNE") == service.PAGE
    assert page.headers["Cache-Control"] == "no-store"


def test_htmx_gets_the_lines_alone(case, paris_client):
    page = paris_client.get("/suivi/", headers={"HX-Request": "true"}).content.decode()
    assert "ZYGOMALAS (QUIRINAL) Théodosie" in page
    assert "<html" not in page


def test_the_list_is_for_those_who_signed_in(client, case):
    answer = client.get("/suivi/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/connexion/?next=/suivi/")


def test_the_tabs_say_how_many_wait_for_me(arrive, keyring, paris_client, monkeypatch):
    arrive(of(1), of(2), of(3), in_lyon(9))
    mine, theirs, _ = service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW).lines
    working.take_case(actor=PARIS, case_id=mine.case.id, seen_version=1, now=NOW)
    working.take_case(actor=investigator("75"), case_id=theirs.case.id, seen_version=1, now=NOW)
    counts = service.worklist(actor=PARIS, states=WAITING, keyring=keyring, now=NOW).counts
    assert counts == {
        rules.State.WAITING: 1,
        rules.State.TAKEN: 1,  # a colleague's is not in my hands
        rules.State.CALLED: 0,
        rules.State.WITHDRAWN: 0,
    }
    monkeypatch.setattr(service, "MOST_COUNTED", 1)
    assert "0+" in paris_client.get("/suivi/").content.decode()


def test_a_paused_list_does_not_move(case, paris_client):
    live = paris_client.get("/suivi/").content.decode()
    paused = paris_client.get("/suivi/?direct=non").content.decode()
    assert ("sse-connect" in live, "sse-connect" in paused) == (True, False)
    assert "hx-trigger" not in paused
    assert "Reprendre" in paused
