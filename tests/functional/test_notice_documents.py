"""The documents that go with notices: made when they leave, of what is true then."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from django.conf import settings as site
from django.test import Client
from tests.factories import COVID, NOW, corrected, message, person, report, retracted
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.foundation.access.actor import Purpose, Role, acting, system
from rempart.foundation.messaging.letters import State, Withdrawn
from rempart.foundation.messaging.models import Message
from rempart.screening import models
from rempart.screening.models import Access
from rempart.screening.notices import gathering, telling
from rempart.screening.notices import makers as documents
from rempart.screening.notices.services import reference_digest
from rempart.screening.rules.report import Document, Moment, Precision, Result
from rempart.screening.signing.signers import signers
from rempart.site import carriers
from rempart.site.mail_settings import PrintingHouse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(keyring):
    """`made(maker)`: the document of the latest version of the only result."""
    press = documents.Press(
        keyring=keyring, signers=lambda: signers(site.KEY_STORE), public_url="https://sidep.test"
    )

    def make(maker, which=None):
        with acting(system(Purpose.NOTICE)):
            row = which or models.TestResult.objects.order_by("-version").first()
        return documents.makers(press)[maker](f"{row.month}|{row.id}")

    return make


@pytest.fixture
def tell(keep, keyring):
    hours = iter(range(1000))

    def run(one):
        keep(message(one), now=NOW + timedelta(hours=next(hours)))
        settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url="https://sidep.test"))

    return run


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(page.get_textpage().get_text_bounded() for page in document).replace("\r\n", " ")
    finally:
        document.close()


def fresh(**changes):
    """Sampled yesterday by today's clock: certificates are signed now."""
    now = datetime.now(UTC)
    return report(
        sampled_at=Moment(at=now - timedelta(hours=20), precision=Precision.MINUTE),
        validated_at=Moment(at=now - timedelta(hours=2), precision=Precision.MINUTE),
        **changes,
    )


def test_a_letter_has_the_address_and_a_reference_that_opens(tell, made, keyring):
    tell(fresh())
    said = text_of(made(documents.LETTER))
    assert "28 PASSAGE XYLOPHAGE" in said
    assert "https://sidep.test/r/" in said
    with acting(system(Purpose.NOTICE)):
        row = models.TestResult.objects.get()
    reference = documents.reference_of(row.id, keyring=keyring)
    assert Access.objects.filter(reference=reference_digest(reference), result_id=row.id).exists()
    made(documents.LETTER)
    assert Access.objects.count() == 2  # the notice's own, and the letter's, made twice
    assert {entry.person_id for entry in entries(act="letter-made")} == {row.person_id}


def test_a_childs_letter_goes_to_whoever_stands_for_her(tell, made):
    child = person(birth_date=datetime.now(UTC).date().replace(day=1) - timedelta(days=10 * 365))
    tell(fresh(who=child))
    assert "Au représentant légal de" in text_of(made(documents.LETTER))


def test_a_doctor_gets_the_laboratorys_report_else_the_certificate(tell, made):
    tell(fresh())
    assert "ZYGOMALAS" in text_of(made(documents.REPORT))
    attached = Document(media_type="application/pdf", content=b"%PDF-1.4 the report", title="Compte rendu")
    tell(corrected(fresh(documents=(attached,))))
    assert made(documents.REPORT) == b"%PDF-1.4 the report"
    assert [entry.details["form"] for entry in entries(act="report-sent")] == ["certificate", "report"]


@pytest.mark.parametrize("maker", [documents.LETTER, documents.REPORT, documents.CERTIFICATE])
def test_what_is_true_no_more_is_not_made(tell, made, maker):
    tell(fresh())
    with acting(system(Purpose.NOTICE)):
        first = models.TestResult.objects.get()
    tell(corrected(fresh(result=Result.NEGATIVE, raw_result="N")))
    with pytest.raises(Withdrawn):
        made(maker, which=first)
    assert made(maker)
    tell(retracted(fresh(result=Result.NEGATIVE, raw_result="N")))
    with pytest.raises(Withdrawn):
        made(maker)


def test_the_letters_that_wait_become_a_batch_for_the_printing_house(tell, keyring, settings, tmp_path):
    settings.LETTERS = PrintingHouse(folder=tmp_path / "letters", sender="Rempart|75007 Paris")
    unreached = person(mobile="", email="")
    tell(fresh(who=unreached))
    (batch,) = carriers.gather_letters()
    assert (batch.letters, batch.pages) == (1, 2)  # the letter, and the certificate behind it
    assert [(row.state, row.channel) for row in Message.objects.all()] == [(State.TAKEN, "post")]
    folder = tmp_path / "letters" / batch.name
    said = text_of((folder / "000001.pdf").read_bytes())
    assert "28 PASSAGE XYLOPHAGE" in said
    assert "ZYGOMALAS" in said
    (row,) = csv.DictReader((folder / "manifest.csv").read_text().splitlines(), delimiter=";")
    assert row["pages"] == "2"
    assert carriers.gather_letters() == []
    assert [entry.details for entry in entries(act="letters-gathered")] == [{"letters": 1, "pages": 2}]


def test_two_who_gather_at_once_make_one_batch(tell, keyring, settings, tmp_path, owner):
    settings.LETTERS = PrintingHouse(folder=tmp_path / "letters")
    tell(fresh(who=person(mobile="", email="")))
    owner.execute("SELECT pg_advisory_lock(%s)", (gathering._GATHERING,))
    assert list(carriers.gather_letters()) == []
    owner.execute("SELECT pg_advisory_unlock(%s)", (gathering._GATHERING,))
    assert len(carriers.gather_letters()) == 1


def test_without_a_printing_house_nothing_is_gathered(settings):
    settings.LETTERS = PrintingHouse(folder=None)
    assert carriers.gather_letters() is None


def test_a_batch_that_nobody_took_away_stays_in_sight(tell, keyring, settings, tmp_path):
    settings.LETTERS = PrintingHouse(folder=tmp_path / "letters")
    tell(fresh(who=person(mobile="", email="")))
    (batch,) = carriers.gather_letters()
    client = Client()
    sign_in(client, account(Role.COMMUNICATION, "*"))
    assert batch.name in client.get("/messages/").content.decode()
    (tmp_path / "letters" / batch.name).rename(tmp_path / "taken")
    assert batch.name not in client.get("/messages/").content.decode()
