"""What a judge orders to be kept: kept, out of sight, and ended by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.factories import NOW, investigator, message, of, report
from tests.functional.officers import officer_for
from tests.functional.settling import settle

from rempart.foundation.access.actor import Actor, acting, patient
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right
from rempart.foundation.database.keys import uuid7
from rempart.foundation.people.content import open_identity
from rempart.foundation.people.models import Identity
from rempart.protection.retention.rules import NotAHold
from rempart.protection.retention.services import daily, holds
from rempart.screening import models as screening
from rempart.screening.notices.services import contact
from rempart.screening.rules.report import Result
from rempart.screening.services import store
from rempart.tracing.models import Case
from rempart.tracing.services.worklist import search

pytestmark = pytest.mark.django_db(transaction=True)

NEGATIVE = {"result": Result.NEGATIVE, "raw_result": "N"}
UNTIL = (NOW + timedelta(days=400)).date()


def on(days: int):
    return NOW + timedelta(days=days)


@pytest.fixture(autouse=True)
def months_made_again():
    yield
    store.ensure_months.cache_clear()


@pytest.fixture
def officer() -> Actor:
    return officer_for(Right.RETENTION_MANAGE)


@pytest.fixture
def run(keyring):
    return lambda days: daily.run(keyring=keyring, now=on(days))


@pytest.fixture
def held(keep, officer, keyring, query):
    """A woman held for 400 days, beside a man who is not; their keys."""
    keep(message(report()), message(of(1)))
    settle()
    ((woman,),) = query(
        "SELECT person_id FROM people_link WHERE identity_id IN (SELECT id FROM people_identity WHERE ins IS NOT NULL)"
    )
    ((man,),) = query("SELECT id FROM people_person WHERE id <> %s", woman)
    key = place(officer, woman, keyring)
    return woman, man, key


def place(officer, person, keyring, *, days: int = 0, until=UNTIL):
    return holds.place(
        actor=officer, person=person, until=until, ordered_by="Juge d’instruction, Paris",
        reason="Commission rogatoire 12/345", keyring=keyring, now=on(days),
    )  # fmt: skip


def test_what_is_held_outlives_its_day_and_nothing_else_does(held, run, query, keyring):
    woman, *_ = held
    run(181)
    assert query("SELECT person_id, expires_on FROM screening_result") == [(woman, UNTIL)]
    assert query("SELECT person_id FROM tracing_case") == [(woman,)]
    ((identity, sealed, expires_on),) = query("SELECT id, sealed, expires_on FROM people_identity")
    assert expires_on == UNTIL
    assert open_identity(identity, sealed, keyring=keyring).birth_name == "ZYGOMALAS"
    ((result, sealed),) = query("SELECT id, sealed FROM screening_result")
    assert contact(keyring, sealed, result.bytes)["mobile"] == "0639981234"
    assert query("SELECT count(*) FROM screening_access") == [(0,)]  # nobody opens it by a reference


def test_what_only_a_judge_keeps_is_in_nobodys_sight(held, run, keyring, officer):
    woman, _, _ = held
    with acting(investigator("75")):
        assert {Case.objects.count(), screening.TestResult.objects.count(), Identity.objects.count()} == {2}
    run(181)
    agent = investigator("75")
    with acting(agent):
        assert not Case.objects.exists()
        assert not screening.TestResult.objects.exists()
        assert not Identity.objects.exists()
    found = search(actor=agent, name="ZYGOMALAS", birth_date=None, keyring=keyring, now=on(181))
    assert list(found) == []
    with acting(officer):
        assert screening.TestResult.objects.get().person_id == woman


def test_it_ends_by_itself(held, run, query, keyring):
    run(181)
    run(400)
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
    run(401)
    for table in ("screening_result", "people_identity", "people_person", "tracing_case"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert not [name for name in keyring.names() if name.endswith(UNTIL.isoformat())]


def test_what_comes_later_is_held_too(held, keep, run, query):
    woman, *_ = held
    keep(message(report(record_number="LATER", **NEGATIVE)), now=on(10))
    settle()
    run(11)
    assert query("SELECT DISTINCT expires_on FROM screening_result WHERE person_id = %s", woman) == [(UNTIL,)]
    # and what comes is shared with no identity that is held
    keep(message(report(record_number="AGAIN", **NEGATIVE)), now=on(11))
    assert query("SELECT count(*) FROM people_identity WHERE expires_on <> %s", UNTIL) == [(2,)]


def test_lifted_within_its_own_time_it_goes_back_under_its_own_day(held, officer, keyring, run, query):
    _, _, key = held
    holds.lift(actor=officer, hold_id=key, keyring=keyring, now=on(5))
    assert query("SELECT DISTINCT expires_on FROM screening_result") == [(on(180).date(),)]
    assert query("SELECT DISTINCT expires_on FROM people_identity") == [(on(180).date(),)]
    run(6)  # and the key of the order's day goes, with what a dump holds under it
    assert not [name for name in keyring.names() if name.endswith(UNTIL.isoformat())]
    run(181)
    assert query("SELECT count(*) FROM people_person") == [(0,)]


def test_lifted_after_its_own_time_it_goes_with_the_next_run(held, officer, keyring, run, query):
    _, _, key = held
    run(200)
    holds.lift(actor=officer, hold_id=key, keyring=keyring, now=on(200))
    run(200)
    assert query("SELECT count(*) FROM screening_result") == [(0,)]
    assert query("SELECT count(*) FROM people_person") == [(0,)]


def test_two_orders_hold_until_the_later_one(held, officer, keyring, run, query):
    woman, _, key = held
    place(officer, woman, keyring, days=1, until=on(500).date())
    holds.lift(actor=officer, hold_id=key, keyring=keyring, now=on(2))
    run(401)
    assert query("SELECT expires_on FROM screening_result") == [(on(500).date(),)]


def test_a_hold_shorter_than_the_law_changes_nothing(keep, officer, keyring, query):
    keep(message(report()))
    ((person,),) = query("SELECT id FROM people_person")
    place(officer, person, keyring, until=on(20).date())
    assert query("SELECT expires_on FROM screening_result") == [(on(180).date(),)]


def test_what_is_held_is_told_to_the_officer_and_sealed(held, officer, keyring, query):
    woman, _, key = held
    (one,) = holds.listed(actor=officer, keyring=keyring, now=on(1))
    assert (one.id, one.person_id, one.until, one.ended) == (key, woman, UNTIL, False)
    assert (one.ordered_by, one.reason) == ("Juge d’instruction, Paris", "Commission rogatoire 12/345")
    ((sealed,),) = query("SELECT sealed FROM retention_hold")
    assert b"rogatoire" not in sealed
    acts = query("SELECT act, person_id, details FROM audit_entry WHERE act = 'hold-placed'")
    assert acts == [("hold-placed", woman, {"until": UNTIL.isoformat()})]


def test_an_order_is_forgotten_half_a_year_after_its_end(held, run, query):
    run(401)
    assert query("SELECT count(*) FROM retention_hold") == [(1,)]
    run(400 + 185)
    assert query("SELECT count(*) FROM retention_hold") == [(0,)]


@pytest.mark.parametrize("days", [0, -1, 5 * 366 + 1])
def test_a_hold_ends_on_a_day_to_come(officer, keyring, days, transactional_db):
    with pytest.raises(NotAHold):
        place(officer, uuid7(), keyring, until=on(days).date())


def test_security_nobody_else_holds_nor_sees_what_is_held(held, keyring):
    woman, _, key = held
    for actor in (investigator("75"), patient(access="a", person=woman, identity=uuid7())):
        with pytest.raises(NotAllowed):
            holds.listed(actor=actor, keyring=keyring, now=on(1))
        with pytest.raises(NotAllowed):
            place(actor, woman, keyring)
        with pytest.raises(NotAllowed):
            holds.lift(actor=actor, hold_id=key, keyring=keyring, now=on(1))
        with acting(actor) as cursor:
            cursor.execute("SELECT count(*) FROM retention_hold")
            assert cursor.fetchone() == (0,)


def test_an_order_that_ended_is_not_lifted(held, officer, keyring):
    _, _, key = held
    with pytest.raises(NotAllowed):
        holds.lift(actor=officer, hold_id=key, keyring=keyring, now=on(401))
