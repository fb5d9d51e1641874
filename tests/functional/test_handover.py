"""Certificates handed over on paper: from the result to the laboratory's mailbox, its list, and what comes after."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories import LAB, finess_in, message, person, retracted
from tests.functional.desks import biologist
from tests.functional.doors import sign_in
from tests.functional.handovers import (
    ELSEWHERE,
    ENTITY,
    LOCAL_BOX,
    POOLED_BOX,
    SECOND,
    a_test,
    listed,
    mailbox,
    unreachable,
)  # fmt: skip
from tests.functional.settling import settle, step
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Establishment, Mailbox
from rempart.foundation.directories.sites import forget_sites
from rempart.foundation.messaging import outbox, receipts
from rempart.foundation.messaging.letters import Answer, Channel, Outcome, Parcel, State
from rempart.foundation.messaging.mssante.message import Sender, compose
from rempart.screening import tasks
from rempart.screening.handover.mailbox import shelves
from rempart.screening.handover.mailbox.sorting import Filed, sort
from rempart.screening.handover.models import Handover, MailboxTrial, Unreached
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.keeping import Whom, policy
from rempart.screening.handover.rules.volume import MESSAGE_BYTES, POSITIVE_BYTES
from rempart.screening.handover.rules.wording import Kind
from rempart.screening.handover.services import making, posting
from rempart.screening.rules.report import Result, Status
from rempart.screening.signing.signers import signers

pytestmark = pytest.mark.django_db(transaction=True)


class Carrier:
    """A mail server that takes everything."""

    def __init__(self):
        self.parcels: list[Parcel] = []

    def carry(self, parcels):
        self.parcels += parcels
        return [Outcome(answer=Answer.TAKEN)] * len(parcels)


@pytest.fixture
def directory(transactional_db):
    """A laboratory with two sites in FINESS, and a site of another one."""
    forget_sites()
    for number, entity in ((LAB, ENTITY), (SECOND, ENTITY), (ELSEWHERE, finess_in("69", 901))):
        listed(number, entity)
    yield
    forget_sites()


@pytest.fixture
def box(directory):
    return mailbox


@pytest.fixture
def comes(keep):
    """`comes(report, …)`: kept now, and everybody told."""

    def run(*reports):
        keep(*[message(one, sender=one.laboratory.finess) for one in reports], now=datetime.now(UTC))
        settle()

    return run


@pytest.fixture
def leaves(keyring, settings):
    """`leaves()`: the mails that leave now."""

    def run() -> list[Parcel]:
        carrier = Carrier()
        press = making.Press(keyring=keyring, signers=lambda: signers(settings.KEY_STORE))
        outbox.deliver(
            {Channel.MSSANTE: carrier}, making.makers(press), keyring=keyring, now=datetime.now(UTC)
        )
        return carrier.parcels

    return run


def rows():
    with acting(system(Purpose.NOTICE)):
        return list(Handover.objects.order_by("created_at", "id"))


def browser(finess=LAB):
    client = Client()
    sign_in(client, biologist(finess))
    return client


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        return " ".join(page.get_textpage().get_text_bounded() for page in document)


def test_a_certificate_goes_to_the_mailbox_of_its_site(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test())
    (parcel,) = leaves()
    letter = parcel.letter
    assert (letter.channel, letter.recipient) == (Channel.MSSANTE, LOCAL_BOX)
    assert letter.subject.startswith(f"Certificat de test à remettre | {LAB} | ")
    assert "ZYGOMALAS Théodosie Wilhelmine, 28/03/1979" in letter.subject
    assert "Résultat du test : Négatif" in letter.text
    slip = wording.read_header(letter.headers[wording.HEADER])
    assert slip is not None
    assert (slip.site, slip.kind, slip.positive) == (LAB, Kind.CERTIFICATE, False)
    (certificate, sheet) = parcel.documents
    assert certificate[0].startswith("certificat-")
    assert certificate[1] == sheet[1] == "application/pdf"
    assert "ZYGOMALAS" in text_of(certificate[2])
    assert LAB in text_of(sheet[2])
    told = entries(act="handover-posted")
    assert len(told) == 1
    assert told[0].person_id is not None


def test_a_message_is_a_tenth_of_what_the_guide_allows(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test())
    (parcel,) = leaves()
    size = sum(len(content) * 4 / 3 for _, _, content in parcel.documents) + len(parcel.letter.text) * 2
    assert 0.8 * MESSAGE_BYTES < size <= MESSAGE_BYTES


def test_a_mail_as_it_travels_is_filed_by_the_laboratorys_own_tool(box, comes, leaves, tmp_path):
    box(POOLED_BOX, ENTITY)
    comes(a_test(), a_test(unreachable(birth_name="AUTRE"), finess=SECOND, record_number="2"))
    us = Sender(
        address="certificats@rempart.mssante.fr", label="Rempart", returns="retours@rempart.mssante.fr"
    )
    now = datetime.now(UTC)
    with shelves.opened(tmp_path) as shelf:
        for parcel in leaves():
            mail = compose(parcel, sender=us, now=now)
            assert len(mail.raw) <= MESSAGE_BYTES
            filed = sort(mail.raw, senders=[us.address], sites=[LAB, SECOND])
            assert isinstance(filed, Filed), filed
            assert filed.kept_until == next(row.kept_until for row in rows() if row.id.hex == filed.key)
            assert filed.answer_to == us.returns
            shelf.file(filed, now=now)
    names = sorted(path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.pdf"))
    assert names == sorted([LAB, LAB, SECOND, SECOND])


@pytest.mark.parametrize("way", [{"mobile": "0639981234"}, {"email": "theodosie@exemple-courriel.fr"}])
def test_who_can_be_reached_is_none_of_the_laboratorys_business(box, comes, leaves, way):
    box(LOCAL_BOX, LAB)
    comes(a_test(replace(unreachable(), **way)))
    assert (leaves(), rows()) == ([], [])
    assert not Unreached.objects.exists()


def test_a_pooled_mailbox_serves_every_site_and_no_other_laboratorys(box, comes, leaves):
    box(POOLED_BOX, ENTITY)
    comes(a_test(), a_test(unreachable(birth_name="AUTRE"), finess=SECOND, record_number="2"))
    comes(a_test(unreachable(birth_name="LOIN"), finess=ELSEWHERE, record_number="3"))
    assert sorted(parcel.letter.subject.split(" | ")[1] for parcel in leaves()) == sorted([LAB, SECOND])
    assert [row.address for row in rows()] == [POOLED_BOX, POOLED_BOX, ""]


def test_however_many_results_the_mailboxes_cost_the_same(box, comes, django_assert_max_num_queries):
    box(POOLED_BOX, ENTITY)
    with django_assert_max_num_queries(4):
        posting.found({LAB})
    with django_assert_max_num_queries(4):
        posting.found({LAB, SECOND, ELSEWHERE})


def test_a_batch_costs_the_same_whatever_it_holds(box, keep, keyring):
    box(POOLED_BOX, ENTITY)
    subscriber, costs = posting.subscriber(keyring=keyring), []
    for count in (1, 2, 9):
        many = [
            a_test(unreachable(birth_name=f"P{count}{n}"), record_number=f"{count}-{n}") for n in range(count)
        ]
        keep(*map(message, many), now=datetime.now(UTC))
        with CaptureQueriesContext(connection) as queries:
            step(subscriber)
        costs.append(len([one for one in queries if "events_" not in one["sql"]]))
    assert costs[2] <= costs[1] <= 20


def test_without_a_mailbox_a_certificate_waits_and_goes_when_there_is_one(box, comes, leaves):
    comes(a_test())
    assert leaves() == []
    (row,) = rows()
    assert (row.scheme, row.address, row.state) == ("", "", "waiting")
    box(LOCAL_BOX, LAB)
    for _ in range(2):
        tasks.post_waiting(timestamp=0)
    (parcel,) = leaves()
    assert parcel.letter.recipient == LOCAL_BOX
    assert len(parcel.documents) == 2


def test_what_a_mailbox_does_not_take_comes_into_the_list(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test())
    (parcel,) = leaves()
    client = browser()
    assert "ZYGOMALAS" not in client.get("/laboratoire/remises/").content.decode()
    now = datetime.now(UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        receipts.settle_one(
            cursor, parcel.id, channel=Channel.MSSANTE, state=State.FAILED, reason="report.mailbox_full", now=now
        )  # fmt: skip
    for count in (1, 0):
        with acting(system(Purpose.NOTICE)):
            assert posting.take_back(since=now - timedelta(days=1)) == count
    assert "ZYGOMALAS" in client.get("/laboratoire/remises/").content.decode()
    assert "1 certificat attend" in client.get("/laboratoire/boite/").content.decode()
    tasks.post_waiting(timestamp=0)
    assert leaves() == []  # it is not sent again and again to a mailbox that is full


def test_everybody_when_the_policy_says_so(box, comes, leaves, monkeypatch):
    box(LOCAL_BOX, LAB)
    everybody = replace(policy(datetime.now(UTC).date()), whom=Whom.EVERYBODY)
    monkeypatch.setattr(posting, "policy", lambda day: everybody)
    comes(a_test(person()))
    assert len(leaves()) == 1


def test_what_would_have_to_be_destroyed_at_once_is_not_sent(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test(hours=80))
    assert (leaves(), rows()) == ([], [])


def test_a_positive_comes_with_what_to_do_and_is_kept_for_six_months(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test(result=Result.POSITIVE, raw_result="P"))
    (parcel,) = leaves()
    names = [name.partition(f"-{LAB}")[0] for name, _, _ in parcel.documents]
    assert names == ["certificat", "fiche-de-remise", "fiche-d-information", "consignes-sanitaires"]
    size = sum(len(content) * 4 / 3 for _, _, content in parcel.documents) + len(parcel.letter.text) * 2
    assert 0.8 * POSITIVE_BYTES < size <= POSITIVE_BYTES
    (row,) = rows()
    assert timedelta(days=178) < row.kept_until - datetime.now(UTC) < timedelta(days=186)
    assert row.positive


def test_a_correction_replaces_and_a_retraction_destroys(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    first = a_test()
    comes(first)
    assert len(leaves()) == 1
    comes(replace(first, result=Result.POSITIVE, raw_result="P", status=Status.CORRECTED))
    (second,) = leaves()
    assert second.letter.subject.startswith("Certificat de test corrigé, à remplacer | ")
    assert len(second.documents) == 4
    comes(retracted(replace(first, result=Result.POSITIVE, raw_result="P")))
    (third,) = leaves()
    assert third.letter.subject.startswith("Certificat de test annulé, à détruire | ")
    assert third.documents == ()
    assert "Positif" not in third.letter.text
    (row,) = rows()
    assert (row.state, row.version) == ("withdrawn", 3)
    slips = [wording.read_header(one.letter.headers[wording.HEADER]) for one in (second, third)]
    assert {slip.id for slip in slips if slip} == {row.id}


def test_what_never_left_is_not_to_be_destroyed(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    first = a_test()
    comes(first)
    comes(replace(first, result=Result.POSITIVE, raw_result="P", status=Status.CORRECTED))
    (parcel,) = leaves()
    assert parcel.letter.subject.startswith("Certificat de test à remettre | ")
    assert "Résultat du test : Positif" in parcel.letter.text


def test_who_can_be_reached_since_a_correction_gets_it_herself(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    first = a_test()
    comes(first)
    leaves()
    comes(replace(first, person=person(), result=Result.POSITIVE, raw_result="P", status=Status.CORRECTED))
    (parcel,) = leaves()
    assert parcel.letter.subject.startswith("Certificat de test annulé, à détruire | ")


def test_the_same_message_twice_is_one_certificate(box, comes, leaves):
    box(LOCAL_BOX, LAB)
    comes(a_test(), a_test())
    assert len(leaves()) == 1


def test_a_message_that_waited_too_long_is_dropped(box, comes, leaves, owner):
    box(LOCAL_BOX, LAB)
    comes(a_test())
    owner.execute("UPDATE screening_handover SET kept_until = now() - interval '1 minute'")
    assert leaves() == []


def test_the_list_shows_what_is_to_be_handed_over_and_prints_it(directory, comes):
    comes(a_test(), a_test(unreachable(birth_name="LOIN"), finess=ELSEWHERE, record_number="3"))
    client = browser()
    page = client.get("/laboratoire/remises/").content.decode()
    assert "ZYGOMALAS" in page
    assert "LOIN" not in page
    (row, other) = sorted(rows(), key=lambda one: one.laboratory != LAB)
    for name, word in (("certificat", "ZYGOMALAS"), ("fiche", LAB)):
        answer = client.get(f"/laboratoire/remises/{row.id}/{name}.pdf")
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
        assert word in text_of(answer.content)
        assert client.get(f"/laboratoire/remises/{other.id}/{name}.pdf").status_code == 403
        assert client.get(f"/laboratoire/remises/{uuid7()}/{name}.pdf").status_code == 403
    assert [one.details["paper"] for one in entries(act="handover-printed")] == ["certificate", "sheet"]
    assert "Consignes" not in page
    for name in ("information", "consignes"):
        assert client.get(f"/laboratoire/remises/{row.id}/{name}.pdf").status_code == 403
    assert entries(act="handovers-listed")[0].details == {"found": 1}


def test_what_was_handed_over_leaves_the_list(directory, comes):
    comes(a_test())
    client, (row,) = browser(), rows()
    mark = f"/laboratoire/remises/{row.id}/suite/"
    assert "pas été trouvée" in client.post(mark, {"suite": "not-found"}, follow=True).content.decode()
    assert "ZYGOMALAS" in client.get("/laboratoire/remises/").content.decode()
    assert "noté comme remis" in client.post(mark, {"suite": "given"}, follow=True).content.decode()
    assert "Rien à remettre" in client.get("/laboratoire/remises/").content.decode()
    page = client.post(mark, {"suite": "not-found"}, follow=True).content.decode()
    assert "Quelqu’un a déjà noté une suite" in page
    client.post(mark, {"suite": "<script>"})
    (row,) = rows()
    assert (row.state, row.marked_by is not None) == ("given", True)
    assert [one.details["state"] for one in entries(act="handover-marked")] == ["not-found", "given"]
    other = browser(ELSEWHERE)
    assert other.post(mark, {"suite": "waiting"}).status_code == 403


def test_a_slip_of_the_finger_is_taken_back_from_the_page_that_it_led_to(directory, comes):
    comes(a_test())
    client, (row,) = browser(), rows()
    mark = f"/laboratoire/remises/{row.id}/suite/"
    page = client.post(mark, {"suite": "given"}, follow=True).content.decode()
    assert f'action="{mark}"' in page
    assert 'value="waiting"' in page
    assert "ZYGOMALAS" not in page
    assert mark not in client.get("/laboratoire/remises/").content.decode()
    assert "ZYGOMALAS" in client.post(mark, {"suite": "waiting"}, follow=True).content.decode()


def test_a_certificate_that_was_given_and_then_withdrawn_comes_back_to_be_destroyed(directory, comes):
    first = a_test()
    comes(first)
    client, (row,) = browser(), rows()
    client.post(f"/laboratoire/remises/{row.id}/suite/", {"suite": "given"})
    comes(retracted(first))
    page = client.get("/laboratoire/remises/").content.decode()
    assert "à détruire" in page
    assert client.get(f"/laboratoire/remises/{row.id}/certificat.pdf").status_code == 403
    client.post(f"/laboratoire/remises/{row.id}/suite/", {"suite": "destroyed"})
    assert "Rien à remettre" in client.get("/laboratoire/remises/").content.decode()


def test_the_time_over_a_certificate_is_in_no_list_and_no_print(directory, comes, owner):
    comes(a_test())
    (row,) = rows()
    owner.execute("UPDATE screening_handover SET kept_until = now() - interval '1 second'")
    client = browser()
    assert "Rien à remettre" in client.get("/laboratoire/remises/").content.decode()
    assert client.get(f"/laboratoire/remises/{row.id}/certificat.pdf").status_code == 403


def test_a_pooled_laboratory_lists_its_sites_and_a_local_one_nothing(box, comes):
    box(POOLED_BOX, ENTITY)
    comes(a_test(), a_test(unreachable(birth_name="AUTRE"), finess=SECOND, record_number="2"))
    page = browser().get("/laboratoire/remises/").content.decode()
    assert "ZYGOMALAS" in page
    assert "AUTRE" in page
    assert page.index(LAB) < page.index(SECOND)
    box(LOCAL_BOX, SECOND)
    comes(a_test(unreachable(birth_name="LOCAL"), finess=SECOND, record_number="4"))
    assert "LOCAL" not in browser(SECOND).get("/laboratoire/remises/").content.decode()


def test_the_list_costs_the_same_however_long_it_is(directory, comes, django_assert_max_num_queries):
    client = browser()
    comes(a_test())
    client.get("/laboratoire/remises/")
    with django_assert_max_num_queries(25) as few:
        client.get("/laboratoire/remises/")
    comes(*(a_test(unreachable(birth_name=f"P{'ABCDEFGH'[n]}"), record_number=f"R{n}") for n in range(8)))
    with django_assert_max_num_queries(len(few)):
        client.get("/laboratoire/remises/")


def test_security_a_session_sees_the_certificates_of_its_place_only(directory, comes):
    comes(a_test(), a_test(unreachable(birth_name="LOIN"), finess=ELSEWHERE, record_number="3"))
    for finess, seen in ((LAB, [LAB]), (ELSEWHERE, [ELSEWHERE]), (ENTITY, [LAB]), (SECOND, [])):
        actor = replace(system(Purpose.NOTICE), departments=(), laboratory=finess)
        with acting(actor):
            assert list(Handover.objects.values_list("laboratory", flat=True)) == seen
    assert not Handover.objects.exists()


def test_the_page_says_what_was_found_and_whom_to_ask(box, comes):
    comes(a_test())
    client = browser()
    assert "1 certificat attend d’être remis" in client.get("/laboratoire/").content.decode()
    page = client.get("/laboratoire/boite/").content.decode()
    assert "ne publie aucune boîte au nom de ce site" in page
    assert "1 certificat attend" in page
    assert "ZYGOMALAS" not in page
    box(LOCAL_BOX, LAB)
    box("autre@labo.mssante.fr", LAB, service="Accueil")
    box(POOLED_BOX, ENTITY)
    Establishment.objects.filter(finess=LAB).update(siret="33300000000017")
    Mailbox.objects.filter(address=LOCAL_BOX).update(finess="", structure="333300000000017")
    Mailbox.objects.filter(address=POOLED_BOX).delete()
    assert "pas identifiée par un numéro FINESS" in client.get("/laboratoire/boite/").content.decode()
    Mailbox.objects.filter(address=LOCAL_BOX).update(finess=LAB, structure=LAB)
    box(POOLED_BOX, ENTITY)
    page = client.get("/laboratoire/boite/").content.decode()
    assert LOCAL_BOX in page
    assert "boîte du site" in page
    assert "ne reçoivent rien" in page
    assert f"FINESS {SECOND}" in page


def test_a_mailbox_is_tried_once_in_ten_minutes(box, leaves):
    box(LOCAL_BOX, LAB)
    client = browser()
    page = client.post("/laboratoire/boite/essai/", {"site": LAB}, follow=True).content.decode()
    assert f"Un message d’essai part vers {LOCAL_BOX}" in page
    assert "en attente d’envoi" in page
    (parcel,) = leaves()
    assert (parcel.letter.recipient, parcel.documents) == (LOCAL_BOX, ())
    assert "ne concerne aucun patient" in parcel.letter.text
    assert "pris en charge" in client.get("/laboratoire/boite/").content.decode()
    for reason, said in (("", "arrivé dans la boîte"), (receipts.READ, "lu, ou intégré")):
        with transaction.atomic(), connection.cursor() as cursor:
            receipts.settle_one(
                cursor, parcel.id, channel=Channel.MSSANTE, state=State.DELIVERED, reason=reason, now=datetime.now(UTC)
            )  # fmt: skip
        assert said in client.get("/laboratoire/boite/").content.decode()
    page = client.post("/laboratoire/boite/essai/", {"site": LAB}, follow=True).content.decode()
    assert "attendez dix minutes" in page
    assert MailboxTrial.objects.count() == 1
    for site in (ELSEWHERE, SECOND):
        assert client.post("/laboratoire/boite/essai/", {"site": site}).status_code == 403
    assert client.post("/laboratoire/boite/essai/", {"site": "x"}).status_code == 302


def test_the_volume_is_that_of_the_last_weeks(directory, comes):
    comes(
        a_test(),
        a_test(unreachable(birth_name="AUTRE"), record_number="2", result=Result.POSITIVE, raw_result="P"),
    )
    (day,) = Unreached.objects.all()
    assert (day.laboratory, day.results, day.positives) == (LAB, 2, 1)
    page = browser().get("/laboratoire/boite/").content.decode()
    assert "0,1" in page  # a day
    assert "Mo)" in page
