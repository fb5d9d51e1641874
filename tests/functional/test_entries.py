"""Results entered by hand: kept once, on the road of every other, and changed by whoever may."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories import ANTIGEN, COVID, NOW, PCR, finess_in, person
from tests.functional.accounts import account
from tests.functional.settling import settle
from tests.functional.trail import entries as trail

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Laboratory
from rempart.screening.rules.report import Residence, Result, Symptoms
from rempart.screening.sampling.models import Entry as Row
from rempart.screening.sampling.rules.entry import Entry, Sampler, State, record_number
from rempart.screening.sampling.rules.registration import Registration
from rempart.screening.sampling.services import entries

pytestmark = pytest.mark.django_db(transaction=True)

HERE, AWAY = finess_in("75"), finess_in("75", 2)
RESULT = (
    "SELECT laboratory, loinc, result, version, current, retracted FROM screening_result ORDER BY version"
)


def pharmacist(establishment: str = HERE):
    return account(Role.PHARMACIST, establishment=establishment).actor(Right.RESULTS_ENTER, now=NOW)


def an_entry(**changes) -> Entry:
    taken_down = Registration(
        person=person(ins_authority="", local_id=""),
        residence=(Residence.INDIVIDUAL,),
        symptoms=Symptoms.UNDER_2_DAYS,
        health_worker=False,
    )
    one = Entry(
        registration=taken_down,
        loinc=ANTIGEN,
        result=Result.POSITIVE,
        sampled_at=NOW - timedelta(minutes=20),
        device="1097",
    )
    return replace(one, **changes)


@pytest.fixture
def enter(keyring):
    """`enter(actor, entry)`: keep one; its key."""

    def run(actor, entry=None, *, id=None, establishment="", now=NOW):
        key = id or uuid7()
        entries.enter(
            actor=actor,
            id=key,
            entry=entry or an_entry(),
            sampler=Sampler(
                establishment=establishment or actor.laboratory or HERE, organisation="Pharmacie", rpps=""
            ),
            pathogen=COVID,
            keyring=keyring,
            now=now,
        )
        return key

    return run


@pytest.fixture
def change(keyring):
    """`change(actor, key, entry)` corrects, without an entry it takes back."""

    def run(actor, key, entry=None, *, version=1, now=NOW):
        common = {"actor": actor, "id": key, "seen_version": version, "pathogen": COVID, "keyring": keyring}
        if entry is None:
            entries.retract(**common, now=now)
        else:
            entries.correct(**common, entry=entry, now=now)

    return run


def opened(actor, key, keyring):
    return entries.open_entry(actor=actor, id=key, keyring=keyring, now=NOW)


@pytest.mark.parametrize("result", [Result.POSITIVE, Result.NEGATIVE])
def test_a_result_goes_the_road_of_every_other(result, enter, query):
    enter(pharmacist(), an_entry(result=result))
    settle()
    assert query(RESULT) == [(HERE, ANTIGEN, result.value, 1, True, False)]
    assert query("SELECT count(*) FROM tracing_case") == [(1 if result is Result.POSITIVE else 0,)]
    assert query("SELECT count(*) FROM screening_access") == [(1,)]
    assert query("SELECT format, outcome FROM screening_message") == [("form", "accepted")]
    assert query("SELECT channel, laboratory FROM screening_delivery") == [("form", HERE)]


def test_the_same_form_sent_again_changes_nothing(enter, counts):
    actor = pharmacist()
    key = enter(actor)
    before = counts()
    enter(actor, id=key, now=NOW + timedelta(seconds=2))
    assert counts() == before


def test_the_same_form_with_another_content_is_refused(enter, query):
    actor = pharmacist()
    key = enter(actor)
    with pytest.raises(entries.AlreadySent):
        enter(actor, an_entry(result=Result.NEGATIVE), id=key)
    assert query(RESULT) == [(HERE, ANTIGEN, "P", 1, True, False)]


def test_an_entry_that_a_crash_left_without_its_row_gets_it(enter, owner, keyring):
    actor = pharmacist()
    key = enter(actor)
    owner.execute("DELETE FROM screening_entry")
    enter(actor, id=key)
    assert opened(actor, key, keyring).entry == an_entry()


def test_what_the_rules_refuse_is_not_kept(enter, counts):
    before = counts()
    with pytest.raises(entries.Refused) as refused:
        enter(pharmacist(), an_entry(sampled_at=NOW + timedelta(hours=1)))
    assert [(f.code, f.location) for f in refused.value.findings] == [("S02", "sampled_at")]
    assert {t for t, n in counts().items() if n != before[t]} <= {"access_agent"}


def test_what_the_rules_remark_is_kept_beside(enter, keyring):
    actor = pharmacist()
    nameless = person(mobile="", email="", ins_authority="")
    key = enter(actor, an_entry(registration=Registration(person=nameless)))
    assert opened(actor, key, keyring).findings == (("P08", "phone"),)


def test_a_correction_is_the_next_version_and_the_case_is_withdrawn(enter, change, query, keyring):
    actor = pharmacist()
    key = enter(actor)
    settle()
    change(actor, key, an_entry(result=Result.NEGATIVE))
    settle()
    assert query(RESULT) == [(HERE, ANTIGEN, "P", 1, False, False), (HERE, ANTIGEN, "N", 2, True, False)]
    assert query("SELECT state FROM tracing_case") == [("withdrawn",)]
    shown = opened(actor, key, keyring)
    assert (shown.state, shown.version, shown.entry.result) == (State.CORRECTED, 2, Result.NEGATIVE)


def test_a_correction_sent_twice_is_one(enter, change, query):
    actor = pharmacist()
    key = enter(actor)
    for _ in range(2):
        change(actor, key, an_entry(result=Result.NEGATIVE))
    assert len(query(RESULT)) == 2


def test_of_two_corrections_of_one_version_the_second_is_refused(enter, change, query):
    actor, colleague = pharmacist(), pharmacist()
    key = enter(actor)
    change(colleague, key, an_entry(result=Result.NEGATIVE))
    with pytest.raises(StaleVersion):
        change(actor, key, an_entry(result=Result.UNINTERPRETABLE))
    assert [row[2] for row in query(RESULT)] == ["P", "N"]


def test_what_is_taken_back_is_no_longer_current_and_not_corrected(enter, change, query):
    actor = pharmacist()
    key = enter(actor)
    change(actor, key)
    change(actor, key)  # sent twice
    assert [row[3:] for row in query(RESULT)] == [(1, False, False), (2, False, True)]
    with pytest.raises(StaleVersion):
        change(actor, key, an_entry(), version=2)


def test_the_analysis_stays(enter, change):
    actor = pharmacist()
    key = enter(actor)
    with pytest.raises(NotAllowed):
        change(actor, key, an_entry(loinc=PCR))


def test_security_an_entry_is_its_establishments(enter, change, keyring):
    key = enter(pharmacist())
    assert opened(pharmacist(), key, keyring).id == key  # a colleague
    for stranger in (pharmacist(AWAY), pharmacist("")):
        with pytest.raises(NotAllowed):
            opened(stranger, key, keyring)
        with pytest.raises(NotAllowed):
            change(stranger, key)
        assert entries.recent(actor=stranger, page=0, keyring=keyring, now=NOW) == ([], False)


def test_security_plain_sql_shows_no_more_than_the_establishment(enter):
    enter(pharmacist())
    for actor, seen in ((pharmacist(), 1), (pharmacist(AWAY), 0), (pharmacist(""), 0)):
        with acting(actor):
            assert Row.objects.count() == seen
    assert Row.objects.count() == 0  # a session that said nothing


def test_security_nobody_enters_for_another_establishment(enter):
    with pytest.raises(NotAllowed):
        enter(pharmacist(), establishment=AWAY)
    Laboratory.objects.create(finess=AWAY, name="LBM", department="75")
    with pytest.raises(entries.SomebodyElses):
        enter(pharmacist(""), establishment=AWAY)


def test_a_practice_without_finess_is_its_professionals_own(enter, keyring, query):
    nurse = account(Role.NURSE).actor(Right.RESULTS_ENTER, now=NOW)
    key = enter(nurse, establishment=finess_in("63", 7))
    assert query("SELECT laboratory FROM screening_result") == [(finess_in("63", 7),)]
    assert opened(nurse, key, keyring).sampler.establishment == finess_in("63", 7)
    with pytest.raises(NotAllowed):
        opened(pharmacist(finess_in("63", 7)), key, keyring)


@pytest.mark.parametrize("role", [Role.BIOLOGIST, Role.INVESTIGATOR, Role.OPERATOR])
def test_who_does_not_test_enters_nothing(role):
    with pytest.raises(NotAllowed):
        account(role, "75").actor(Right.RESULTS_ENTER, now=NOW)


def test_the_trail_says_whose_it_was(enter, change, keyring, query):
    actor = pharmacist()
    key = enter(actor)
    change(actor, key, an_entry(result=Result.NEGATIVE))
    change(actor, key, version=2)
    opened(actor, key, keyring)
    ((someone,),) = query("SELECT DISTINCT person_id FROM screening_result")
    acts = ["result-entered", "entry-corrected", "entry-retracted", "entry-opened"]
    assert [(e.act, e.person_id) for e in trail(subject=str(key))] == [(act, someone) for act in acts]


def test_the_list_is_the_last_days_newest_first(enter, keyring):
    actor = pharmacist()
    keys = [enter(actor, now=datetime.now(UTC) + timedelta(seconds=n)) for n in range(3)]
    shown, more = entries.recent(actor=actor, page=0, keyring=keyring, now=NOW)
    assert ([one.id for one in shown], more) == (keys[::-1], False)


def test_the_record_number_is_thirteen_signs_of_its_own():
    numbers = {record_number(uuid7()) for _ in range(100)}
    assert len(numbers) == 100
    assert {len(number) for number in numbers} == {13}
