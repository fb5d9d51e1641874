"""What leaves when results come: to whom, by which way, once for each fact."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.factories import COVID, LAB, NOW, SEROLOGY, corrected, message, nir_of, person, report, retracted
from tests.functional.settling import settle

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Mailbox, Practice
from rempart.foundation.messaging import outbox
from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.models import Message
from rempart.foundation.people.models import InsRequest, Link
from rempart.foundation.people.teleservice.queue import State as InsState
from rempart.screening.models import Access, Call
from rempart.screening.notices import telling
from rempart.screening.notices.calls import keeping
from rempart.screening.rules.report import Moment, Practitioner, Precision, Result

pytestmark = pytest.mark.django_db(transaction=True)

UNREACHED = {"mobile": "", "email": ""}
OURS = re.compile("(screening|people|directories|messaging)_")
MAILBOX = "dr.tilleul@medecin.mssante.fr"


@pytest.fixture
def tell(keep, keyring):
    """`tell(report, …)`: results come, an hour after those before, and their notices are written."""
    hours = iter(range(1000))

    def run(*reports):
        now = NOW + timedelta(hours=next(hours))
        keep(*[message(one, sender=one.laboratory.finess) for one in reports], now=now)
        settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://sidep.test"))

    return run


@pytest.fixture
def sent(keyring):
    """`sent()`: (about, state, channels, first text) of every message, oldest first."""

    def read():
        return [
            (row.about, row.state, row.channels, outbox.open_routes(row, keyring=keyring)[0].text)
            for row in Message.objects.order_by("created_at", "id")
        ]

    return read


def abouts(sent):
    return [(about, state) for about, state, *_ in sent()]


def one(result=Result.POSITIVE, **whom):
    return report(person(**whom), result=result, raw_result=result.value)


def test_a_positive_is_told_at_once_by_every_way_in_turn_and_its_link_opens(tell, sent, keyring):
    tell(one())
    (row,) = Message.objects.all()
    letters = outbox.open_routes(row, keyring=keyring)
    assert (row.about, row.wakes, row.zone) == ("result.positive", True, "Europe/Paris")
    assert [letter.channel for letter in letters] == [Channel.SMS, Channel.EMAIL, Channel.POST]
    assert (
        letters[0].text.rpartition("https://sidep.test/r/")[2] == letters[1].text.split("/r/")[1].split()[0]
    )
    assert letters[1].html.startswith("<!DOCTYPE html>")
    assert [each.maker for each in letters[2].enclosures] == ["screening.letter", "screening.certificate"]
    assert letters[2].recipient == "28 passage Xylophage\n75007 PARIS"
    assert Access.objects.count() == 1


def test_a_negative_waits_for_the_morning_where_the_person_lives(tell, keyring):
    reunion = replace(person().address, postal_code="97400", city="SAINT-DENIS")
    tell(one(Result.NEGATIVE, address=reunion))
    (row,) = Message.objects.all()
    assert (row.about, row.wakes, row.zone) == ("result.negative", False, "Indian/Reunion")
    assert row.channels == "sms,email"


def test_security_nothing_that_leaves_says_a_result_or_a_name(tell, keyring):
    tell(one(), one(Result.NEGATIVE, ins=nir_of("2790351215288"), birth_name="AUTRE"))
    for row in Message.objects.all():
        for letter in outbox.open_routes(row, keyring=keyring):
            said = f"{letter.subject} {letter.text} {letter.html}".casefold()
            assert not any(word in said for word in ("positi", "négati", "zygomalas", "covid", "théodosie"))


def test_what_a_laboratory_repeats_is_told_once(tell, sent):
    tell(one())
    tell(one(), one())
    tell(corrected(one(), symptoms=None, health_worker=True))
    assert len(sent()) == 1
    assert Access.objects.count() == 2  # a version each; nobody was sent the second reference


def test_a_correction_that_changes_the_result_is_told_and_back_again(tell, sent, keyring):
    outcomes = (Result.POSITIVE, Result.NEGATIVE, Result.POSITIVE)
    for rank, outcome in enumerate(outcomes):
        tell(one(outcome) if not rank else corrected(one(outcome)))
        Message.objects.filter(state=State.WAITING).update(state=State.TAKEN)
    assert [about for about, *_ in sent()] == ["result.positive", "result.corrected", "result.positive"]
    assert "corrigé" in sent()[1][3]
    assert "corrigé" in sent()[2][3]


def test_what_was_never_told_is_neither_corrected_nor_taken_back(tell, sent):
    tell(one(Result.NEGATIVE))
    tell(corrected(one(Result.POSITIVE)))
    assert abouts(sent) == [("result.negative", State.DROPPED), ("result.positive", State.WAITING)]
    assert "corrigé" not in sent()[1][3]
    tell(retracted(one(Result.POSITIVE)))
    assert abouts(sent)[1:] == [("result.positive", State.DROPPED)]


def test_what_was_told_is_taken_back(tell, sent):
    tell(one())
    Message.objects.update(state=State.TAKEN)
    tell(retracted(one()))
    assert abouts(sent)[1:] == [("result.retracted", State.WAITING)]
    assert "n'est plus valable" in sent()[1][3]
    assert "/r/" not in sent()[1][3]


def test_another_number_in_a_correction_is_told_by_it(tell, sent):
    tell(one())
    tell(corrected(one(mobile="0639989999")))
    assert len(sent()) == 2


def test_the_relative_alone_is_told_that_there_is_something_to_read(tell, sent, keyring):
    tell(one(**UNREACHED, relative_mobile="0639985678", phone="0199001234"))
    relative, letter = Message.objects.order_by("channels")[::-1]
    assert (relative.channels, letter.channels) == ("sms", "post")
    (said,) = outbox.open_routes(relative, keyring=keyring)
    assert said.recipient == "0639985678"
    assert "résultat" not in said.text
    assert not Call.objects.exists()


def test_a_foreign_number_is_tried_and_a_child_is_told_as_anybody(tell, sent):
    tell(one(mobile="+41790001234", email="", birth_date=NOW.date().replace(year=2020)))
    assert [(about, channels) for about, _, channels, _ in sent()] == [("result.positive", "sms,post")]


def test_a_positive_with_a_landline_only_is_for_the_laboratory_to_call(tell, sent):
    tell(one(**UNREACHED, phone="0199001234"))
    assert [channels for _, _, channels, _ in sent()] == ["post"]
    with acting(system(Purpose.NOTICE)):
        (call,) = Call.objects.all()
    assert (call.laboratory, call.state, call.why) == (LAB, "waiting", "landline")
    tell(corrected(one(Result.NEGATIVE, **UNREACHED, phone="0199001234")))
    with acting(system(Purpose.NOTICE)):
        assert Call.objects.get().state == "withdrawn"


def test_antibodies_are_told_like_a_negative_and_call_nobody(tell, sent):
    serology = {"analysis_code": SEROLOGY, "loinc": SEROLOGY}
    tell(replace(one(), **serology))
    tell(replace(one(**UNREACHED, phone="0199001234"), **serology, record_number="DOSSIER-2"))
    assert [(about, channels) for about, _, channels, _ in sent()] == [("result.past", "sms,email")]
    with acting(system(Purpose.NOTICE)):
        assert not Call.objects.exists()


def test_whom_no_message_reached_is_for_the_laboratory_to_call(tell, keyring):
    tell(one())
    soon = NOW + timedelta(hours=3)
    assert keeping.take_back(keyring=keyring, now=soon) == 0
    Message.objects.update(state=State.FAILED, ended_at=soon)
    assert keeping.take_back(keyring=keyring, now=soon) == 1
    assert keeping.take_back(keyring=keyring, now=soon) == 0
    with acting(system(Purpose.NOTICE)):
        assert Call.objects.get().why == "failed"


@pytest.fixture
def doctor(db):
    """A doctor of the directory, with a secure mailbox."""
    Practice.objects.create(
        digest=b"1", number="10001234567", title="Docteur", family_name="TILLEUL", first_name="Ambre",
        profession_code="10", profession="Médecin", specialty_code="", specialty="", mode="L",
        finess="", entity="", structure="R1", structure_name="CABINET DU TILLEUL", address="1 rue des Tilleuls 75007 Paris",
        phone="",
    )  # fmt: skip
    return "10001234567"


@pytest.fixture
def mailbox(doctor):
    return Mailbox.objects.create(
        digest=b"2", address=MAILBOX, kind="PER", number=doctor, structure="", finess="", service="",
        family_name="TILLEUL", first_name="Ambre", structure_name="",
    )  # fmt: skip


def test_a_doctor_with_a_mailbox_gets_each_result_and_one_without_none(tell, keyring, doctor):
    by = Practitioner(rpps=doctor, name="TILLEUL")
    treated = replace(one(), prescriber=by, general_practitioner=by)
    tell(treated)
    assert not Message.objects.filter(about__startswith="doctor").exists()
    Mailbox.objects.create(
        digest=b"2", address=MAILBOX, kind="PER", number=doctor, structure="", finess="", service="",
        family_name="TILLEUL", first_name="Ambre", structure_name="",
    )  # fmt: skip
    tell(replace(treated, record_number="DOSSIER-2", result=Result.NEGATIVE))
    (row,) = Message.objects.filter(about="doctor.negative")
    (letter,) = outbox.open_routes(row, keyring=keyring)
    assert (letter.channel, letter.recipient) == (Channel.MSSANTE, MAILBOX)
    assert letter.subject == "Résultat de dépistage : ZYGOMALAS (QUIRINAL) Théodosie, 28/03/1979"
    assert "Docteur Ambre TILLEUL" in letter.text
    assert [each.maker for each in letter.enclosures] == ["screening.report"]


def test_the_patients_own_mailbox_is_written_to_for_a_qualified_number_only(tell, keyring, query):
    tell(one())
    assert not Message.objects.filter(about__startswith="mailbox").exists()
    with acting(system(Purpose.CARE)):
        link = Link.objects.get()
    InsRequest.objects.create(
        identity_id=uuid7(), person_id=link.person_id, state=InsState.FOUND, queued_at=NOW, next_at=NOW,
        ended_at=NOW, gained_id=link.identity_id,
    )  # fmt: skip
    tell(replace(one(), record_number="DOSSIER-2"))
    (row,) = Message.objects.filter(about="mailbox.positive")
    (letter,) = outbox.open_routes(row, keyring=keyring)
    assert letter.recipient == f"{person().ins}@patient.mssante.fr"
    assert [each.maker for each in letter.enclosures] == ["screening.certificate"]


def test_a_batch_costs_the_same_number_of_queries_whatever_it_holds(
    keep, keyring, mailbox, django_assert_max_num_queries
):
    by = Practitioner(rpps="10001234567", name="TILLEUL")
    subscriber = telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://sidep.test")
    costs = []
    for batch in (range(1), range(10, 40)):
        keep(
            *[
                message(
                    replace(
                        one(ins="", birth_name=f"PERSONNE{'ABCDEFGHIJ'[n % 10]}{'KLMNO'[n // 10]}"),
                        record_number=f"D{n}",
                        prescriber=by,
                        sampled_at=Moment(at=NOW - timedelta(hours=20), precision=Precision.MINUTE),
                    )
                )
                for n in batch
            ]
        )
        with django_assert_max_num_queries(1000) as counted:  # it asks again while another test holds it back
            settle(subscriber)
        costs.append(len([said for said in counted.captured_queries if OURS.search(said["sql"])]))
    assert 0 < costs[1] <= costs[0] < 20
