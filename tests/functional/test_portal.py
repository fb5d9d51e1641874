"""The patient's portal, through the browser's door: link, birth date, code, result, certificate."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.factories import corrected, person, retracted
from tests.functional.portal import BIRTH, codes_on, last_text, letters
from tests.functional.trail import entries

from rempart.foundation.messaging import outbox
from rempart.foundation.vault import KeyStore
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import open_text, verify
from rempart.screening.rules.report import Result
from rempart.screening.signing.signers import export_trust

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_whole_journey(client, keyring, arrives, recent, query):
    reference = arrives(recent)
    (told,) = letters(keyring)
    assert (told.channel, told.recipient) == (outbox.Channel.SMS, "0639981234")
    assert "ZYGOMALAS" not in told.text
    assert "égatif" not in told.text  # who holds the phone learns nothing
    arrival = client.get(f"/r/{reference}")
    assert (arrival.status_code, arrival.headers["Location"]) == (302, "/mon-resultat/")
    asked = client.post("/mon-resultat/", {"birth_date": BIRTH})
    assert asked.headers["Location"] == "/mon-resultat/code/"
    code = re.match(r"\d{6}", last_text(keyring))[0]
    opened = client.post("/mon-resultat/code/", {"code": f" {code[:3]} {code[3:]} "})  # as people type it
    assert opened.headers["Location"] == "/mon-resultat/resultat/"
    page = client.get("/mon-resultat/resultat/").content.decode()
    assert "ZYGOMALAS (QUIRINAL) Théodosie" in page
    assert "Négatif" in page
    assert "DOSSIER-424242" in page
    brought, *acts = [(entry.act, entry.role, entry.purpose, entry.person_id) for entry in entries()]
    assert brought == ("delivery-received", "system", "intake", None)
    ((person,),) = query("SELECT person_id FROM screening_access")
    assert acts == [
        ("code-sent", "patient", "own-data", person),
        ("result-seen", "patient", "own-data", person),
    ]


def test_the_codes_of_the_certificate_hold(client, keyring, arrives, visit, recent, tmp_path):
    visit(arrives(recent))
    answer = client.get("/mon-resultat/certificat.pdf?telecharger")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="certificat-de-test.pdf"'
    paper = tmp_path / "certificate.pdf"
    paper.write_bytes(answer.content)
    export_trust(KeyStore(root=keyring.root), tmp_path / "trust")
    trust = TrustList.load(tmp_path / "trust")
    verdicts = [verify(text, trust=trust, at=datetime.now(UTC)) for text in codes_on(paper)]
    assert sorted((v.kind, v.valid) for v in verdicts) == [("2d-doc", True), ("eu-dcc", True)]
    assert len(entries(act="certificate-issued")) == 1


def test_the_same_certificate_has_the_same_identifier_for_ever(arrives, visit, recent, client, tmp_path):
    visit(arrives(recent))
    identifiers = []
    for name in ("one.pdf", "two.pdf"):
        paper = tmp_path / name
        paper.write_bytes(client.get("/mon-resultat/certificat.pdf").content)
        (dcc,) = (text for text in codes_on(paper) if text.startswith("HC1:"))
        identifiers += re.findall(r"URN:UVCI:[^'\"]+", repr(open_text(dcc).claims))
    one, other = identifiers
    assert one == other


def test_a_corrected_result_shows_the_new_version_even_to_who_comes_by_the_old_link(
    arrives, visit, recent, client, keyring
):
    old = arrives(recent)
    new = arrives(corrected(recent, result=Result.POSITIVE))
    assert old != new
    for reference in (old, new):
        page = visit(reference).content.decode()
        assert "Positif" in page
        assert "Négatif" not in page


def test_a_corrected_name_is_on_the_page_and_on_the_certificate(arrives, visit, recent, client, tmp_path):
    old = arrives(replace(recent, person=person(birth_name="ZIGOMALAS")))
    new = arrives(corrected(recent))
    for reference in (old, new):
        page = visit(reference).content.decode()
        assert "ZYGOMALAS" in page
        assert "ZIGOMALAS" not in page
    paper = tmp_path / "c.pdf"
    paper.write_bytes(client.get("/mon-resultat/certificat.pdf").content)
    assert any("ZYGOMALAS" in text for text in codes_on(paper))


def test_a_retracted_result_shows_no_certificate(arrives, visit, recent, client, keyring):
    reference = arrives(recent)
    arrives(retracted(recent))
    page = visit(reference).content.decode()
    assert "Ce résultat a été retiré" in page
    assert "certificat.pdf" not in page
    assert "Négatif" not in page
    assert client.get("/mon-resultat/certificat.pdf").status_code == 403


def test_a_result_that_was_another_persons_is_no_longer_shown_to_the_first(
    arrives, visit, recent, client, keyring
):
    """The laboratory mixed up two people and corrected it: the first link gives no certificate any more."""
    reference = arrives(recent)
    other = person(birth_name="AUTRE", used_name="", first_names=("Paul",), ins="", ins_authority="")
    arrives(corrected(replace(recent, person=other)))
    page = visit(reference).content.decode()
    assert "Négatif" not in page
    assert "Paul" not in page
    assert client.get("/mon-resultat/certificat.pdf").status_code == 403


def test_without_mobile_the_message_goes_by_mail_and_without_both_nowhere(arrives, keyring, recent, query):
    arrives(replace(recent, person=person(mobile="")))
    (mail,) = letters(keyring)
    assert (mail.channel, mail.recipient) == (outbox.Channel.EMAIL, "theodosie@exemple-courriel.fr")
    assert mail.subject
    keeping = replace(recent, record_number="nobody", person=person(mobile="", email=""))
    arrives(keeping)
    assert len(letters(keyring)) == 1
    assert query("SELECT count(*) FROM screening_access") == [(2,)]
