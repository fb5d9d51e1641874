"""The list of one's own tests: what a link proved and nothing else, sheets, codes, the telephone's application."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdfium2 import PdfDocument
from tests.factories import message, of, person, retracted
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.proofs.barcodes import read_pdf, read_png
from rempart.proofs.verdict import open_text
from rempart.screening.rules.report import Moment, Practitioner, Precision, Result

pytestmark = pytest.mark.django_db(transaction=True)

SHEETS = ("/mon-resultat/information.pdf", "/mon-resultat/consignes.pdf")
LONG = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def sampled(one, *, days, **changes):
    """The same report, sampled so many days ago."""
    at = datetime.now(UTC) - timedelta(days=days)
    done = Moment(at=at + timedelta(hours=2), precision=Precision.MINUTE)
    return replace(one, sampled_at=Moment(at=at, precision=Precision.MINUTE), validated_at=done, **changes)


@pytest.fixture
def positive(recent):
    return replace(recent, result=Result.POSITIVE)


def listed(client):
    page = client.get("/mon-resultat/mes-resultats/").content.decode()
    return re.findall(r"<bdi>(D-\d+|DOSSIER-424242)</bdi>", page)


def test_a_link_leads_to_the_list_of_what_its_code_proved(client, arrives, visit, recent):
    for number, days in (("D-1", 80), ("D-2", 40)):
        arrives(sampled(recent, days=days, record_number=number))
    doctor = Practitioner(name="de La Selle Stanislas")
    visit(arrives(replace(recent, prescriber=doctor)))
    page = client.get("/mon-resultat/mes-resultats/").content.decode()
    assert listed(client) == ["DOSSIER-424242", "D-2", "D-1"]  # the newest first
    for told in ("LBM DES TESTS", "FINESS 750000010", "de La Selle Stanislas", "Rapporté par"):
        assert told in page
    assert "égatif" not in page  # what a test says is on its own page
    assert entries(act="results-listed")[-1].details == {"found": 3}


def test_a_longer_list_asks_the_database_no_more(client, arrives, visit, recent):
    arrives(sampled(recent, days=40, record_number="D-2"))
    visit(arrives(recent))
    with CaptureQueriesContext(connection) as two:
        assert len(listed(client)) == 2
    for number in range(3, 7):
        arrives(sampled(recent, days=number, record_number=f"D-{number}"))
    with CaptureQueriesContext(connection) as six:
        assert len(listed(client)) == 6
    assert len(six) == len(two)


def test_one_test_alone_opens_at_once(client, arrives, visit, recent):
    page = visit(arrives(recent)).content.decode()
    assert "Votre résultat" in page
    assert "Tous mes tests" not in page


def test_a_test_of_the_list_is_shown_and_saved(client, arrives, visit, recent, query):
    arrives(sampled(recent, days=40, record_number="D-2"))
    visit(arrives(recent))
    page = client.get("/mon-resultat/mes-resultats/").content.decode()
    _, older = re.findall(r'action="(/mon-resultat/mes-resultats/[0-9a-f-]+/)"', page)
    assert client.post(older).headers["Location"] == "/mon-resultat/resultat/"
    assert "D-2" in client.get("/mon-resultat/resultat/").content.decode()
    saved = client.post(older, {"telecharger": "1"}, follow=True)
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.content.startswith(b"%PDF")


def test_what_is_older_than_three_months_opens_by_its_own_link_only(client, arrives, visit, recent):
    old = arrives(sampled(recent, days=100, record_number="D-1", result=Result.POSITIVE))
    visit(arrives(recent))
    assert listed(client) == ["DOSSIER-424242"]
    assert "Positif" in visit(old).content.decode()


def test_security_a_link_shows_nothing_that_went_to_another_telephone(client, arrives, visit, recent, query):
    """The same person by her traits, but whoever gave that number is not known to be her."""
    arrives(sampled(recent, days=9, record_number="D-9", person=person(mobile="+33612345678")))
    visit(arrives(recent))
    assert listed(client) == ["DOSSIER-424242"]
    ((other,),) = query("SELECT id FROM screening_result ORDER BY sampled_at LIMIT 1")
    assert client.post(f"/mon-resultat/mes-resultats/{other}/").status_code == 403


def test_security_a_family_telephone_shows_only_the_person_of_its_link(client, arrives, visit, recent, query):
    """Mother and child, one telephone: each link shows its own person's tests."""
    child = person(
        birth_name="ZYGOMALAS", used_name="", first_names=("Léa",), ins="", ins_authority="",
        birth_date=date(2012, 5, 17),
    )  # fmt: skip
    of_child = arrives(sampled(recent, days=2, record_number="D-7", person=child))
    visit(arrives(recent))
    assert listed(client) == ["DOSSIER-424242"]
    ((theirs,),) = query("SELECT id FROM screening_result ORDER BY sampled_at LIMIT 1")
    assert client.post(f"/mon-resultat/mes-resultats/{theirs}/").status_code == 403
    page = visit(of_child, birth="17/05/2012").content.decode()  # her parent opens hers with her birth date
    assert "Léa" in page
    assert "Théodosie" not in page


def test_security_choosing_widens_nothing(client, client_of, arrives, visit, recent, keep, query):
    keep(message(of(1)), now=datetime.now(UTC))
    settle()
    ((foreign,),) = query("SELECT id FROM screening_result")
    visit(arrives(recent))
    assert client.post(f"/mon-resultat/mes-resultats/{foreign}/").status_code == 403
    assert client.post(f"/mon-resultat/mes-resultats/{'0' * 8}-0000-7000-8000-{'0' * 12}/").status_code == 403
    assert client_of().post(f"/mon-resultat/mes-resultats/{foreign}/").headers["Location"] == "/mon-resultat/"
    assert listed(client) == ["DOSSIER-424242"]


def test_security_a_visit_begins_with_a_key_of_its_own(client, arrives, visit, recent):
    """A session that somebody planted in this browser opens nothing afterwards."""
    reference = arrives(recent)
    client.get(f"/r/{reference}")
    planted = client.session.session_key
    visit(reference)
    assert client.session.session_key != planted
    client.cookies["session"] = planted
    assert client.get("/mon-resultat/resultat/").status_code == 302


def test_a_positive_has_its_sheets_and_the_same_code_as_long_as_it_holds(
    client, arrives, visit, positive, clock, query
):
    reference = arrives(positive)
    assert "Fiche d’information" in visit(reference).content.decode()
    page = client.get("/mon-resultat/application/").content.decode()
    code = LONG.search(page)[0]
    assert f"/app/code/{code}" in page
    assert any(code in text for text in read_pdf(client.get(SHEETS[0]).content))
    assert client.get(SHEETS[1]).content.startswith(b"%PDF")
    assert query("SELECT count(*) FROM proximity_code") == [(1,)]
    assert [entry.details for entry in entries(act="sheet-given")] == [
        {"sheet": "information"}, {"sheet": "hygiene"},
    ]  # fmt: skip
    clock(days=5)
    visit(reference)
    assert code in client.get("/mon-resultat/application/").content.decode()
    clock(days=4)
    visit(reference)
    ended = client.get("/mon-resultat/application/").content.decode()
    assert code not in ended
    assert not LONG.search(ended)
    assert "ses 7 jours sont passés" in ended


@pytest.mark.parametrize("letter", ["N", "I", "X"])
def test_security_a_code_and_sheets_go_with_positives_only(client, arrives, visit, recent, query, letter):
    visit(arrives(replace(recent, result=Result(letter))))
    for sheet in SHEETS:
        assert client.get(sheet).status_code == 403
    assert not LONG.search(client.get("/mon-resultat/application/").content.decode())
    assert query("SELECT count(*) FROM proximity_code") == [(0,)]


def test_security_a_positive_taken_back_gives_no_sheet_and_no_code(client, arrives, visit, positive, query):
    reference = arrives(positive)
    arrives(retracted(positive))
    visit(reference)
    for address in (*SHEETS, "/mon-resultat/application/"):
        assert client.get(address).status_code == 403
    assert query("SELECT count(*) FROM proximity_code") == [(0,)]


def test_security_nothing_kept_leads_from_a_person_to_her_code(
    client, arrives, visit, positive, owner, keyring
):
    """Whoever has the database, its backups and the keys, but not the message, finds no code."""
    reference = arrives(positive)
    visit(reference)
    code = LONG.search(client.get("/mon-resultat/application/").content.decode())[0]
    names = [
        name
        for (name,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    ]
    for name in names:
        for (row,) in owner.execute(f'SELECT row(t.*)::text FROM "{name}" t').fetchall():
            assert code not in row, name
            assert code.replace("-", "") not in row, name
    assert len(client.session["portal-seed"]) == 64  # sealed under the visitor's cookie


def test_the_application_is_given_what_the_pictures_say(client, arrives, visit, positive):
    visit(arrives(positive))
    page = client.get("/mon-resultat/application/").content.decode()
    dcc = unquote(re.search(r'app/walletdcc#([^"]+)"', page)[1])
    certificate, _, code = dcc.partition("\x1e")
    assert LONG.fullmatch(code)
    twoddoc = unquote(re.search(r'app/wallet\?v=([^"]+)"', page)[1])
    pictures = [
        text
        for data in re.findall(r'src="data:image/png;base64,([^"]+)"', page)
        for text in read_png(b64decode(data))
    ]
    assert pictures == [certificate, twoddoc]
    assert "ZYGOMALAS" in repr(open_text(certificate).claims)
    assert len(entries(act="certificate-issued")) == 1


def test_a_recovery_is_offered_from_the_day_the_policy_says(client, arrives, visit, positive):
    visit(arrives(sampled(positive, days=10)))
    assert "rétablissement" not in client.get("/mon-resultat/application/").content.decode()
    visit(arrives(sampled(positive, days=20, record_number="D-2")))
    page = client.get("/mon-resultat/application/").content.decode()
    recovery, _ = re.findall(r'app/walletdcc#([^"]+)"', page)[::-1]
    assert "'r': [" in repr(open_text(unquote(recovery).partition("\x1e")[0]).claims)


def test_security_no_address_names_a_patient_and_no_answer_is_kept(client, arrives, visit, positive):
    reference = arrives(positive)
    visit(reference)
    for address in (
        "/mon-resultat/resultat/", "/mon-resultat/mes-resultats/", "/mon-resultat/application/", *SHEETS,
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == "no-store", address
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin"), address
        assert reference not in answer.content.decode("latin-1"), address


def test_without_a_visit_nothing_is_given(client, keyring):
    for address in ("/mon-resultat/mes-resultats/", "/mon-resultat/application/", *SHEETS):
        assert client.get(address).headers["Location"] == "/mon-resultat/"


def test_whoever_has_no_telephone_is_told_whom_to_see(client):
    page = client.get("/mon-resultat/sans-telephone/").content.decode()
    assert "0 800 130 000" in page.replace("\N{NO-BREAK SPACE}", " ")  # as it is on paper
    assert "laboratoire" in page
    assert 'href="/mon-resultat/sans-telephone.pdf"' in page
    paper = client.get("/mon-resultat/sans-telephone.pdf")
    assert paper.headers["Content-Type"] == "application/pdf"
    with PdfDocument(paper.content) as document:
        assert "Sans téléphone ni adresse électronique" in document[0].get_textpage().get_text_bounded()


def test_each_page_speaks_the_language_that_was_chosen(client, arrives, visit, recent):
    arabic = {"HTTP_ACCEPT_LANGUAGE": "ar-DZ,fr;q=0.5"}
    page = client.get("/mon-resultat/", **arabic).content.decode()
    assert '<html lang="ar" dir="rtl"' in page
    assert '<html lang="fr"' in client.get("/connexion/", **arabic).content.decode()  # agents' pages do not
    chosen = client.post("/mon-resultat/langue/", {"language": "pt", "next": "/mon-resultat/code/"})
    assert chosen.headers["Location"] == "/mon-resultat/code/"
    visit(arrives(recent))
    page = client.get("/mon-resultat/resultat/", **arabic).content.decode()
    assert '<html lang="pt"' in page
    assert "Negativo" in page
    assert "Descarregar" in page


@pytest.mark.parametrize(
    "back",
    ["https://example.org/", "//example.org", "/mon-resultat/../connexion/", "/mon-resultat/quitter/", ""],
)
def test_security_choosing_a_language_leads_nowhere_else(client, back):
    answer = client.post("/mon-resultat/langue/", {"language": "xx", "next": back})
    assert answer.headers["Location"] == "/mon-resultat/"
    assert not answer.cookies.get("language")
