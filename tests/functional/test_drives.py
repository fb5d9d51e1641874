"""Sampling drives: from the person who registers herself to the result on the number of her tube."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.factories import COVID, NOW, delivery, finess_in, machine, message, person, report, retracted
from tests.functional.accounts import account
from tests.functional.doors import SENDER
from tests.functional.settling import settle
from tests.functional.trail import entries as trail
from tests.messages import hl7

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.database.keys import uuid7
from rempart.foundation.vault import KeyStore
from rempart.screening.reading import Asked, Reader, Task, keep_part
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Format, Item, Laboratory, Outcome, Person, Residence, Symptoms
from rempart.screening.sampling import models
from rempart.screening.sampling.rules import codes, tubes
from rempart.screening.sampling.rules.registration import Registration
from rempart.screening.sampling.rules.specimen import State
from rempart.screening.sampling.services import batches, completing, drives, preregistrations, specimens
from rempart.screening.services.prepared import Judged

pytestmark = pytest.mark.django_db(transaction=True)

TENT, LAB, ELSEWHERE = finess_in("75", 3), finess_in("75"), finess_in("69")
TOLD = specimens.Informed(version=NOW.date(), language="fr")
HER = Registration(
    person=person(local_id=""),
    residence=(Residence.INDIVIDUAL,),
    symptoms=Symptoms.NONE,
    health_worker=False,
)


def professional(establishment: str = TENT, role: Role = Role.NURSE):
    return account(role, establishment=establishment).actor(Right.DRIVES_RUN, now=NOW)


@pytest.fixture
def nurse(transactional_db):
    return professional()


@pytest.fixture
def biologist(transactional_db):
    return professional(LAB, Role.BIOLOGIST)


@pytest.fixture
def drive(nurse, keyring):
    return drives.open_drive(actor=nurse, place="Gymnase Jaurès", held_on=NOW.date(), laboratory=LAB, now=NOW)


@pytest.fixture
def register(nurse, drive, keyring):
    """`register(number)`: one more person with a tube; its key."""

    def run(number="", *, who=HER, id=None, sampled=False, actor=None):
        key = id or uuid7()
        specimens.register(
            actor=actor or nurse, id=key, drive_id=drive, registration=who, informed=TOLD, number=number,
            sampled=sampled, keyring=keyring, now=NOW,
        )  # fmt: skip
        return key

    return run


@pytest.fixture
def tube(nurse, keyring):
    return lambda key, *, now=NOW: specimens.specimen(actor=nurse, id=key, keyring=keyring, now=now)


def sent(nurse, drive, keyring, *numbers):
    return batches.send(actor=nurse, drive_id=drive, numbers=numbers, keyring=keyring, now=NOW)


# Persons and tubes


def test_a_person_is_registered_with_a_number_of_ours(register, tube):
    one, other = tube(register()), tube(register())
    assert tubes.is_ours(one.number)
    assert one.number != other.number
    assert (one.registration, one.state, one.informed) == (HER, State.REGISTERED, TOLD)


def test_a_scanned_label_is_the_number(register, tube):
    assert tube(register("LAB-77")).number == "LAB-77"


def test_a_label_is_on_one_tube(register):
    register("LAB-77")
    with pytest.raises(specimens.Taken):
        register("LAB-77")


def test_the_same_form_sent_again_registers_once(register, query):
    key = register()
    register(id=key)
    assert query("SELECT count(*) FROM screening_specimen") == [(1,)]
    with pytest.raises(specimens.AlreadySent):
        register(id=key, who=replace(HER, symptoms=Symptoms.UNKNOWN))


def test_what_was_told_is_noted(register, query):
    register()
    rows = query("SELECT notice_version, notice_language, notice_at FROM screening_specimen")
    assert rows == [(NOW.date(), "fr", NOW)]


def test_sampling_is_noted_once(register, tube, nurse):
    key = register()
    for minutes in (5, 9):
        specimens.note_sampling(actor=nurse, id=key, now=NOW + timedelta(minutes=minutes))
    assert tube(key).way.sampled_at == NOW + timedelta(minutes=5)


def test_a_tube_is_found_by_its_number_in_its_drive(register, nurse, drive, keyring):
    key = register("LAB-77")
    common = {"actor": nurse, "drive_id": drive, "keyring": keyring, "now": NOW}
    assert specimens.find(**common, number="LAB-77") == key
    assert specimens.find(**common, number="LAB-78") is None


# Whose they are


def test_security_a_drive_is_its_establishments(register, drive, keyring, biologist):
    key = register()
    for stranger in (biologist, professional(ELSEWHERE), professional("")):
        with pytest.raises(NotAllowed):
            drives.drive(actor=stranger, id=drive, keyring=keyring, now=NOW)
        with pytest.raises(NotAllowed):
            specimens.specimen(actor=stranger, id=key, keyring=keyring, now=NOW)
        with pytest.raises(NotAllowed):
            specimens.note_sampling(actor=stranger, id=key, now=NOW)
        with pytest.raises(NotAllowed):
            register(actor=stranger)
        with pytest.raises(NotAllowed):
            sent(stranger, drive, keyring)
    assert drives.drives(actor=professional(ELSEWHERE), now=NOW) == []


def test_security_plain_sql_shows_both_ends_and_nobody_else(register, nurse, biologist):
    register()
    for actor, seen in ((nurse, 1), (biologist, 1), (professional(ELSEWHERE), 0), (professional(""), 0)):
        with acting(actor):
            assert (models.Drive.objects.count(), models.Specimen.objects.count()) == (seen, seen)


def test_security_nothing_of_a_person_is_in_clear(register, keyring, owner):
    from tests.functional.test_security_nominative import assert_says_nothing, everything

    register("DOSSIER-424242")
    preregistrations.leave(registration=HER, informed=TOLD, keyring=keyring, origin="192.0.2.1", now=NOW)
    text = everything(owner)
    assert TENT in text
    assert_says_nothing(text)


def test_who_works_nowhere_opens_no_drive(keyring):
    with pytest.raises(NotAllowed):
        drives.open_drive(actor=professional(""), place="", held_on=NOW.date(), laboratory=LAB, now=NOW)


# Batches


def test_all_that_is_sampled_is_sent_and_received(register, nurse, drive, biologist, keyring, tube):
    waits, goes = register(), [register(sampled=True) for _ in range(3)]
    batch = sent(nurse, drive, keyring)
    assert {tube(key).state for key in goes} == {State.SENT}
    assert tube(waits).state is State.REGISTERED
    (listed,) = batches.addressed(actor=biologist)
    assert (listed.id, listed.count) == (batch, 3)
    batches.receive(actor=biologist, id=batch, numbers=(), keyring=keyring, now=NOW)
    assert {tube(key).state for key in goes} == {State.RECEIVED}


def test_scanned_tubes_are_sent_sampled_or_not(register, nurse, drive, keyring, tube):
    one, other = register("AAAA"), register("BBBB", sampled=True)
    sent(nurse, drive, keyring, "AAAA")
    assert (tube(one).state, tube(other).state) == (State.SENT, State.SAMPLED)
    assert tube(one).way.sampled_at == NOW


def test_a_tube_that_is_not_there_sends_nothing(register, nurse, drive, keyring, tube):
    key = register("AAAA", sampled=True)
    with pytest.raises(batches.NothingToSend) as why:
        sent(nurse, drive, keyring, "AAAA", "CCCC")
    assert why.value.unknown == ("CCCC",)
    assert tube(key).state is State.SAMPLED
    sent(nurse, drive, keyring)
    with pytest.raises(batches.NothingToSend):
        sent(nurse, drive, keyring)


def test_what_the_laboratory_does_not_find_is_missing(register, nurse, drive, biologist, keyring):
    for number in ("AAAA", "BBBB"):
        register(number, sampled=True)
    batch = sent(nurse, drive, keyring)
    strange = batches.receive(actor=biologist, id=batch, numbers=("AAAA", "ZZZZ"), keyring=keyring, now=NOW)
    assert strange == ["ZZZZ"]
    seen = batches.batch(actor=nurse, id=batch, keyring=keyring)
    assert [(line.number, line.received) for line in seen.lines] == [("AAAA", True), ("BBBB", False)]
    assert seen.missing == 1


def test_security_only_the_laboratory_receives(register, nurse, drive, keyring):
    register(sampled=True)
    batch = sent(nurse, drive, keyring)
    with pytest.raises(NotAllowed):
        batches.receive(actor=nurse, id=batch, numbers=(), keyring=keyring, now=NOW)
    for stranger in (professional(ELSEWHERE), professional("")):
        with pytest.raises(NotAllowed):
            batches.batch(actor=stranger, id=batch, keyring=keyring)


# Results


def test_a_result_comes_back_on_the_tube(register, tube, keep):
    key, other = register("LAB-77"), register("LAB-78")
    keep(message(report(record_number="lab-77")))
    settle()
    assert tube(key).state is State.RESULT
    assert tube(key).way.result_at == NOW
    assert tube(other).state is State.REGISTERED
    keep(message(retracted(report(record_number="lab-77"))), now=NOW + timedelta(hours=1))
    settle()
    assert tube(key).state is State.REGISTERED  # waited for again


def test_the_same_number_of_another_laboratory_is_another_tube(register, tube, keep):
    key = register("LAB-77")
    keep(message(report(record_number="LAB-77", laboratory=Laboratory(finess=ELSEWHERE))))
    settle()
    assert tube(key).state is State.REGISTERED


def bare(number: str, *, laboratory: str = LAB, by: str = LAB, **changes) -> Judged:
    """What an automaton says: a number and a result, nothing of the person."""
    one = report(
        Person(local_id="X1"), record_number=number, laboratory=Laboratory(finess=laboratory), **changes
    )
    item = Item(
        position=0, format=Format.HL7V2, raw=number.encode(), sender=by, control_id="C1", reports=(one,)
    )
    judged = judge(item, profile=Profile.FR, pathogen=COVID, now=NOW)
    assert judged.outcome is Outcome.REJECTED
    return Judged(item=item, judgement=judged, delivery=replace(delivery(), laboratory=by))


def whole(keyring, *judged):
    return completing.completed(judged, keyring=keyring, pathogen=COVID, now=NOW)


def test_a_message_that_says_nobody_is_completed_from_the_registration(register, keyring):
    register("LAB-77")
    (one,) = whole(keyring, bare("lab-77 "))
    (said,) = one.item.reports
    assert one.judgement.outcome is Outcome.ACCEPTED
    assert said.person == replace(HER.person, local_id="X1")
    assert (said.symptoms, said.residence, said.record_number) == (Symptoms.NONE, HER.residence, "lab-77 ")


def test_a_completed_message_is_hers(register, keyring, keep, query):
    register("LAB-77")
    keep(message(report(record_number="OTHER")))
    keep(*whole(keyring, bare("LAB-77")), laboratory=LAB)
    settle()
    assert query("SELECT count(DISTINCT person_id), count(*) FROM screening_result") == [(1, 2)]


@pytest.mark.parametrize(
    "strange",
    [
        bare("LAB-78"),
        bare("LAB-77", by=ELSEWHERE),
        bare("LAB-77", by=ELSEWHERE, laboratory=ELSEWHERE),
        bare(""),
    ],
)
def test_security_nobody_else_learns_whose_a_tube_is(strange, register, keyring):
    register("LAB-77")
    assert whole(keyring, strange) == [strange]


def test_what_a_message_says_of_a_person_is_never_overruled(register, keyring, django_assert_num_queries):
    register("LAB-77")
    says = bare("LAB-77")
    named = replace(
        says, item=replace(says.item, reports=(report(Person(birth_name="MARTIN"), record_number="LAB-77"),))
    )
    with django_assert_num_queries(0):
        assert whole(keyring, named) == (named,)


def test_the_intake_completes(register, keyring, query):
    from rempart.screening.services.receive import receive

    register("LAB-77")
    (kept,) = receive([bare("LAB-77")], actor=machine(LAB), keyring=keyring, pathogen=COVID, now=NOW)
    assert kept.outcome is Outcome.ACCEPTED
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_files_of_an_operator_are_completed_and_their_answers_say_nothing_of_her(
    nurse, keyring, query, tmp_path
):
    for number, laboratory in (("21048BC000020", SENDER), ("21048BC000021", ELSEWHERE)):
        drive = drives.open_drive(actor=nurse, place="", held_on=NOW.date(), laboratory=laboratory, now=NOW)
        specimens.register(
            actor=nurse, id=uuid7(), drive_id=drive, registration=HER, informed=TOLD, number=number,
            sampled=True, keyring=keyring, now=NOW,
        )  # fmt: skip
    file = tmp_path / "automaton.hl7"
    other = (("21048BC000020", "21048BC000021"), ("MSG000001", "MSG000002"))
    file.write_bytes(hl7(without="PID") + hl7(*other, without="PID"))
    asked = Asked(
        paths=(), format=None, profile=Profile.FR, pathogen="covid19", answered=True,
        key_store=KeyStore(root=keyring.root),
    )  # fmt: skip
    (part,) = Reader(asked).parts(Task(number=0, files=(str(file),)))
    done = keep_part(part)
    assert (done.outcomes["accepted"], done.outcomes["rejected"]) == (1, 1)  # of another laboratory's drive
    assert query("SELECT sex, age_class, residence FROM screening_result") == [("F", "49", "I")]
    assert "ZYGOMALAS" not in "".join(done.lines).upper()


def test_security_an_automaton_without_any_patient_is_acknowledged_and_told_nothing(
    nurse, deliver, keyring, query
):
    drive = drives.open_drive(actor=nurse, place="", held_on=NOW.date(), laboratory=SENDER, now=NOW)
    specimens.register(
        actor=nurse, id=uuid7(), drive_id=drive, registration=HER, informed=TOLD, number="21048BC000020",
        sampled=True, keyring=keyring, now=NOW,
    )  # fmt: skip
    answer = deliver(hl7(without="PID")).content.decode()
    assert "MSA|AA|" in answer
    assert "ZYGOMALAS" not in answer.upper()
    assert query("SELECT sex, age_class, residence FROM screening_result") == [("F", "49", "I")]


# What a person leaves before she comes


@pytest.fixture
def left(keyring, transactional_db):
    return preregistrations.leave(
        registration=HER, informed=TOLD, keyring=keyring, origin="192.0.2.1", now=NOW
    )


def picked(actor, text, keyring, *, now=NOW):
    return preregistrations.pick_up(actor=actor, text=text, keyring=keyring, now=now)


def test_a_code_gives_back_what_was_left(left, nurse, keyring):
    found = picked(nurse, codes.grouped(left.code).lower(), keyring)
    assert (found.registration, found.informed, found.code) == (HER, TOLD, left.code)
    preregistrations.collected(actor=nurse, code=left.code, keyring=keyring)
    assert picked(nurse, left.code, keyring) is None


def test_a_code_ends_with_its_day(left, nurse, keyring):
    assert left.until == NOW.date() + timedelta(days=5)
    assert picked(nurse, left.code, keyring, now=NOW + timedelta(days=5)) is not None
    assert picked(nurse, left.code, keyring, now=NOW + timedelta(days=6)) is None


def test_who_left_it_takes_it_back(left, nurse, keyring):
    preregistrations.withdraw(code=left.code, keyring=keyring, origin="192.0.2.1", now=NOW)
    assert picked(nurse, left.code, keyring) is None


def test_security_who_guesses_codes_waits_and_a_mistyped_one_is_no_guess(left, nurse, keyring):
    wrong = codes.new_code(lambda signs: signs[0])
    for _ in range(100):
        assert picked(nurse, "nonsense", keyring) is None
    with pytest.raises(TooMany):
        for _ in range(31):
            assert picked(nurse, wrong, keyring) is None
    with pytest.raises(TooMany):
        picked(nurse, left.code, keyring)
    assert picked(professional(), left.code, keyring) is not None  # a colleague tries for himself


def test_security_what_was_left_is_in_nobodys_sight(left, nurse, biologist):
    for actor in (nurse, biologist, replace(nurse, departments=("75",))):
        with acting(actor):
            assert models.Preregistration.objects.count() == 0


def test_one_network_leaves_so_much_and_no_more(keyring):
    def leave(origin):
        return preregistrations.leave(
            registration=HER, informed=TOLD, keyring=keyring, origin=origin, now=NOW
        )

    with pytest.raises(TooMany):
        for _ in range(61):
            leave("192.0.2.7")
    leave("198.51.100.7")


# The day


def test_a_drive_says_how_far_its_tubes_came(register, drive, nurse, keyring):
    register(), register(sampled=True)
    seen, listed = drives.drive(actor=nurse, id=drive, keyring=keyring, now=NOW)
    assert [seen.overview.reached[state] for state in State] == [2, 1, 0, 0, 0]
    assert len(listed) == 2
    (line,) = drives.drives(actor=nurse, now=NOW)
    assert (line.place, line.overview) == ("Gymnase Jaurès", seen.overview)


def test_everything_done_leaves_its_trace(register, nurse, drive, biologist, keyring, tube, left):
    key = register(sampled=True)
    tube(key)
    batch = sent(nurse, drive, keyring)
    batches.receive(actor=biologist, id=batch, numbers=(), keyring=keyring, now=NOW)
    picked(nurse, left.code, keyring)
    acts = {entry.act for entry in trail()}
    assert acts >= {
        "drive-opened", "person-registered", "specimen-opened", "batch-sent", "batch-received", "preregistered",
        "preregistration-picked",
    }  # fmt: skip


def test_what_was_taken_down_goes_with_its_day(register, query, keyring):
    from rempart.protection.retention.services import daily

    register(sampled=True)
    daily.run(keyring=keyring, now=NOW + timedelta(days=15))
    assert query("SELECT count(*) FROM screening_specimen, screening_drive") == [(1,)]
    daily.run(keyring=keyring, now=NOW + timedelta(days=16))
    for table in ("screening_specimen", "screening_drive", "screening_batch", "screening_preregistration"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)]
