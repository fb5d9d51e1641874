"""Detection over the trail: alerts made once, from habits noted day by day, and what is done with them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import errors
from tests.factories import investigator, machine

from rempart.foundation.access.actor import Actor, Purpose, Role, acting, system
from rempart.foundation.audit import alerts, watching
from rempart.foundation.audit.alerts import AlreadyWatched, Changed, Kind, NoReason, NoSuchAlert, State
from rempart.foundation.audit.detection import Rule
from rempart.foundation.audit.models import Alert, Habit
from rempart.foundation.audit.trail import Act, record, record_refusal
from rempart.foundation.database.keys import uuid7, uuid7s

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # four in the afternoon in Paris
CURIOUS = replace(investigator("75"), organisation="CPAM de Paris")
OFFICER = Actor(id=str(uuid7()), role=Role.DATA_PROTECTION, purpose=Purpose.OVERSIGHT, departments=("*",))


def opens(actor, persons, *, at=NOW, minutes=1, **details):
    for rank, person in enumerate(persons):
        record(
            actor,
            Act.CASE_OPENED,
            str(uuid7()),
            now=at + timedelta(minutes=rank * minutes),
            person=person,
            **details,
        )


def found():
    with acting(system(Purpose.OVERSIGHT)):
        return {(one.rule, one.key) for one in Alert.objects.all()}


def test_a_day_of_browsing_makes_one_alert_however_often_one_looks():
    opens(CURIOUS, uuid7s(30))
    assert watching.detect(now=NOW + timedelta(hours=1)) == 1
    assert watching.detect(now=NOW + timedelta(hours=2)) == 0
    assert found() == {("browsing", "2026-11-20")}
    with acting(system(Purpose.OVERSIGHT)):
        (alert,) = Alert.objects.all()
    assert (alert.actor, alert.role, alert.organisation) == (CURIOUS.id, "investigator", "CPAM de Paris")
    assert (alert.first_at, alert.last_at) == (NOW, NOW + timedelta(minutes=24))
    assert (alert.figures["persons"], alert.figures["worked"]) == (25, 0)


def test_the_next_day_is_another_alert():
    for days in (1, 0):
        opens(CURIOUS, uuid7s(30), at=NOW - timedelta(days=days))
        watching.detect(now=NOW - timedelta(days=days) + timedelta(hours=1))
    assert found() == {("browsing", "2026-11-19"), ("browsing", "2026-11-20")}


def test_what_came_just_before_midnight_is_looked_at_after_it():
    late = datetime(2026, 11, 20, 22, 20, tzinfo=UTC)  # twenty past eleven in Paris
    opens(CURIOUS, uuid7s(6), at=late)
    assert watching.detect(now=late + timedelta(hours=1)) == 1
    assert found() == {("off-hours", "2026-11-20")}


def test_machines_patients_and_the_platform_itself_are_nobody_to_watch():
    for actor in (
        machine("750000010"), system(Purpose.INVESTIGATION),
        replace(CURIOUS, role=Role.PATIENT, purpose=Purpose.INVESTIGATION),
    ):  # fmt: skip
        for rank in range(20):
            record_refusal(actor, door="x", method="GET", reason="no", now=NOW + timedelta(seconds=rank))
    assert watching.detect(now=NOW + timedelta(hours=1)) == 0


def test_refusals_and_searches_in_vain_are_counted():
    for rank in range(15):
        at = NOW + timedelta(minutes=rank)
        record(CURIOUS, Act.CASES_SEARCHED, "case", now=at, found=0)
        record_refusal(CURIOUS, door="case-file", method="GET", reason="not-allowed", now=at)
    assert watching.detect(now=NOW + timedelta(hours=1)) == 2
    assert {rule for rule, _ in found()} == {"guessing", "refused"}


def test_a_habit_is_noted_once_and_compared_with():
    for days in range(1, 9):
        opens(CURIOUS, uuid7s(30), at=NOW - timedelta(days=days), minutes=2)
    assert watching.note_habits(now=NOW) == 8
    assert watching.note_habits(now=NOW) == 0
    with acting(system(Purpose.OVERSIGHT)):
        habits = list(Habit.objects.values_list("persons", "hours", "role", "organisation").distinct())
    assert habits == [(30, 1 << 16, "investigator", "CPAM de Paris")]
    opens(CURIOUS, uuid7s(95), minutes=3, at=NOW - timedelta(hours=8))
    watching.detect(now=NOW)
    assert {rule for rule, key in found() if key == "2026-11-20"} == {Rule.VOLUME}


def test_a_protected_person_is_watched_until_she_is_no_more():
    person = uuid7()
    with acting(OFFICER):
        line = alerts.watch(OFFICER, person, kind=Kind.WELL_KNOWN, now=NOW)
        with pytest.raises(AlreadyWatched):
            alerts.watch(OFFICER, person, kind=Kind.WELL_KNOWN, now=NOW)
        assert [one.person_id for one in alerts.watched(person)] == [person]
    opens(CURIOUS, [person])
    assert watching.detect(now=NOW + timedelta(hours=1)) == 1
    assert found() == {("watched", f"2026-11-20/{person}")}
    with acting(OFFICER):
        alerts.unwatch(OFFICER, line.id, now=NOW)
        alerts.unwatch(OFFICER, line.id, now=NOW)
        assert not alerts.watched()
    opens(CURIOUS, [person], at=NOW + timedelta(days=1))
    assert watching.detect(now=NOW + timedelta(days=1, hours=1)) == 0


def test_a_colleague_is_watched_for_his_organisation_only():
    person = uuid7()
    with acting(OFFICER):
        alerts.watch(OFFICER, person, kind=Kind.COLLEAGUE, organisation="CPAM de Lyon", now=NOW)
    opens(CURIOUS, [person])
    assert watching.detect(now=NOW + timedelta(hours=1)) == 0
    opens(replace(CURIOUS, organisation="CPAM de Lyon"), [person])
    assert watching.detect(now=NOW + timedelta(hours=1)) == 1


def test_a_namesake_is_told():
    opens(CURIOUS, uuid7s(1), namesake=True)
    opens(CURIOUS, uuid7s(1), namesake=False)
    watching.detect(now=NOW + timedelta(hours=1))
    assert {rule for rule, _ in found()} == {"colleague"}


def test_one_entry_that_no_catalogue_declares_breaks_no_detection(settings):
    settings.AUDIT_STRICT = False
    record(CURIOUS, Act.CASES_SEARCHED, "case", now=NOW, found="none", namesake="?")
    opens(CURIOUS, uuid7s(30))
    assert watching.detect(now=NOW + timedelta(hours=1)) == 1


@pytest.fixture
def one_alert() -> UUID:
    opens(CURIOUS, uuid7s(30))
    watching.detect(now=NOW + timedelta(hours=1))
    with acting(OFFICER):
        (alert,) = alerts.alerts()
    return alert.id


def test_an_alert_goes_from_new_to_closed_with_its_reason(one_alert, query):
    with acting(OFFICER):
        assert alerts.counts() == {State.NEW: 1, State.SEEN: 0, State.CLOSED: 0}
        alerts.handle(OFFICER, one_alert, state=State.SEEN, reason="", seen_version=1, now=NOW)
        with pytest.raises(Changed):
            alerts.handle(OFFICER, one_alert, state=State.CLOSED, reason="x", seen_version=1, now=NOW)
        with pytest.raises(NoReason):
            alerts.handle(OFFICER, one_alert, state=State.CLOSED, reason="  ", seen_version=2, now=NOW)
        closed = alerts.handle(
            OFFICER, one_alert, state=State.CLOSED, reason=" Formation. ", seen_version=2, now=NOW
        )
        with pytest.raises(NoSuchAlert):
            alerts.handle(OFFICER, uuid7(), state=State.SEEN, reason="", seen_version=1, now=NOW)
    assert (closed.state, closed.reason, closed.handled_by, closed.version) == (
        "closed", "Formation.", OFFICER.id, 3,
    )  # fmt: skip
    handled = query("SELECT details ->> 'state' FROM audit_entry WHERE act = 'alert-handled' ORDER BY id")
    assert handled == [("seen",), ("closed",)]


def test_alerts_come_in_pages_newest_first():
    rows = [
        Alert(
            rule="refused", actor=str(rank), role="investigator", organisation="", key="k", first_at=NOW, last_at=NOW,
            made_at=NOW + timedelta(minutes=rank // 2), figures={},
        )
        for rank in range(2 * alerts.PAGE)
    ]  # fmt: skip
    with acting(OFFICER):
        Alert.objects.bulk_create(rows)
        first = alerts.alerts(state=State.NEW)
        second = alerts.alerts(state=State.NEW, after=first[alerts.PAGE - 1].id)
        assert len(first) == alerts.PAGE + 1
        assert len(second) == alerts.PAGE
        seen = [one.made_at for one in (*first[: alerts.PAGE], *second)]
        assert seen == sorted(seen, reverse=True)
        assert len({one.id for one in (*first[: alerts.PAGE], *second)}) == 2 * alerts.PAGE
        assert alerts.alerts(state=State.CLOSED) == []


def test_security_an_agents_session_sees_no_alert_and_nobody_protected(one_alert):
    with acting(OFFICER):
        alerts.watch(OFFICER, uuid7(), kind=Kind.WELL_KNOWN, now=NOW)
    with acting(CURIOUS):
        assert not Alert.objects.exists()
        assert alerts.watched() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_alert SET actor = 'x'", "UPDATE audit_alert SET figures = '{}'",
        "UPDATE audit_watched SET person_id = gen_random_uuid()", "UPDATE audit_habit SET persons = 0",
    ],
)  # fmt: skip
def test_security_what_was_found_is_not_rewritten(one_alert, statement):
    from django.db import ProgrammingError, connection

    with pytest.raises(ProgrammingError) as refused, acting(OFFICER), connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, errors.InsufficientPrivilege)


def test_security_an_alert_is_not_deleted_before_its_time(one_alert):
    with acting(OFFICER):
        assert Alert.objects.all().delete()[0] == 0
        assert Alert.objects.count() == 1
