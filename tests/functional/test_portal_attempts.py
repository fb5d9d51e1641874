"""The portal against those who try: attempts, codes, time, and what no page may show."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from tests.functional.portal import BIRTH, WRONG_BIRTH, last_text, letters, without_token

pytestmark = pytest.mark.django_db(transaction=True)

ATTEMPTS = {
    "right": ("", BIRTH),
    "wrong birth date": ("", WRONG_BIRTH),
    "unknown reference": ("AAAAAAAAAAAAAAAAAAAAAA", BIRTH),
}


def test_no_answer_tells_which_part_was_wrong(client_of, arrives, recent):
    reference = arrives(recent)
    pages = {}
    for name, (given, birth) in ATTEMPTS.items():
        browser = client_of()
        browser.get(f"/r/{given or reference}")
        asked = browser.post("/mon-resultat/", {"birth_date": birth})
        form = browser.get("/mon-resultat/code/")
        refused = browser.post("/mon-resultat/code/", {"code": "000000"})
        pages[name] = (
            asked.status_code, asked.headers["Location"], asked.content,
            without_token(form), refused.status_code, without_token(refused),
        )  # fmt: skip
    assert pages["right"] == pages["wrong birth date"] == pages["unknown reference"]


def tries(browser, birth, most=60):
    """How many times in a row a birth date is looked at before the network has to wait."""
    for count in range(most):
        answer = browser.post("/mon-resultat/", {"birth_date": birth})
        if answer.status_code == 429:
            assert 0 < int(answer.headers["Retry-After"]) <= 1800
            return count
    return most


def test_after_five_tries_even_the_right_answer_waits_three_minutes(
    client, keyring, arrives, visit, recent, clock
):
    reference = arrives(recent)
    client.get(f"/r/{reference}")
    assert tries(client, WRONG_BIRTH) == 5
    assert client.post("/mon-resultat/", {"birth_date": BIRTH}).status_code == 429
    assert len(letters(keyring)) == 1  # no code left
    clock(minutes=2)
    assert client.post("/mon-resultat/", {"birth_date": BIRTH}).status_code == 429
    clock(minutes=2)
    assert "Négatif" in visit(reference).content.decode()


def test_security_who_holds_the_link_does_not_keep_its_owner_out(client_of, keyring, arrives, recent):
    reference = arrives(recent)
    for number in range(12):
        thief = client_of(REMOTE_ADDR=f"198.51.100.{number}")
        thief.get(f"/r/{reference}")
        tries(thief, WRONG_BIRTH)
    thief.get(f"/r/{reference}")
    home = client_of(REMOTE_ADDR="203.0.113.7")
    home.get(f"/r/{reference}")
    assert home.post("/mon-resultat/", {"birth_date": BIRTH}).status_code == 302
    code = re.match(r"\d{6}", last_text(keyring))[0]
    for _ in range(20):  # nor do wrong codes of others count against hers
        thief.post("/mon-resultat/code/", {"code": "000000"})
    assert home.post("/mon-resultat/code/", {"code": code}).status_code == 302


def test_security_the_waiting_tells_nothing_of_a_reference(client_of, arrives, recent):
    known, unknown = client_of(REMOTE_ADDR="198.51.100.1"), client_of(REMOTE_ADDR="198.51.100.2")
    known.get(f"/r/{arrives(recent)}")
    unknown.get("/r/AAAAAAAAAAAAAAAAAAAAAA")
    right = client_of(REMOTE_ADDR="198.51.100.3")
    right.get(f"/r/{arrives(replace(recent, record_number='other'))}")
    assert tries(known, WRONG_BIRTH) == tries(unknown, BIRTH) == tries(right, BIRTH) == 5


def test_after_five_wrong_codes_the_right_one_is_refused(client, keyring, arrives, recent):
    client.get(f"/r/{arrives(recent)}")
    client.post("/mon-resultat/", {"birth_date": BIRTH})
    code = re.match(r"\d{6}", last_text(keyring))[0]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        client.post("/mon-resultat/code/", {"code": wrong})
    page = client.post("/mon-resultat/code/", {"code": code})
    assert page.status_code == 200
    assert "Ce code ne convient pas" in page.content.decode()


def test_a_code_serves_once(client_of, keyring, arrives, recent):
    reference = arrives(recent)
    first, second = client_of(), client_of()
    for browser in (first, second):
        browser.get(f"/r/{reference}")
    first.post("/mon-resultat/", {"birth_date": BIRTH})
    code = re.match(r"\d{6}", last_text(keyring))[0]
    first.post("/mon-resultat/code/", {"code": code})
    assert first.get("/mon-resultat/resultat/").status_code == 200
    for browser in (first, second):
        again = browser.post("/mon-resultat/code/", {"code": code})
        assert again.headers["Location"] == "/mon-resultat/"
    assert second.get("/mon-resultat/resultat/").status_code == 302


def test_a_code_ends_after_ten_minutes(client, keyring, arrives, recent, clock):
    client.get(f"/r/{arrives(recent)}")
    client.post("/mon-resultat/", {"birth_date": BIRTH})
    code = re.match(r"\d{6}", last_text(keyring))[0]
    clock(minutes=10)
    assert client.post("/mon-resultat/code/", {"code": code}).status_code == 200


def test_a_new_code_ends_the_one_before(client, keyring, arrives, recent):
    client.get(f"/r/{arrives(recent)}")
    client.post("/mon-resultat/", {"birth_date": BIRTH})
    old = re.match(r"\d{6}", last_text(keyring))[0]
    client.post("/mon-resultat/", {"birth_date": BIRTH})
    new = re.match(r"\d{6}", last_text(keyring))[0]
    if old != new:
        assert client.post("/mon-resultat/code/", {"code": old}).status_code == 200
    assert client.post("/mon-resultat/code/", {"code": new}).status_code == 302


def test_the_code_of_one_visit_opens_no_other(client_of, keyring, arrives, recent):
    reference = arrives(recent)
    codes, browsers = [], [client_of(), client_of()]
    for browser in browsers:
        browser.get(f"/r/{reference}")
        browser.post("/mon-resultat/", {"birth_date": BIRTH})
        codes.append(re.match(r"\d{6}", last_text(keyring))[0])
    if codes[0] != codes[1]:
        assert browsers[0].post("/mon-resultat/code/", {"code": codes[1]}).status_code == 200
    assert browsers[0].post("/mon-resultat/code/", {"code": codes[0]}).status_code == 302
    assert browsers[1].post("/mon-resultat/code/", {"code": codes[1]}).status_code == 302


def test_the_code_of_one_reference_opens_no_other(client_of, keyring, arrives, recent):
    one = arrives(recent)
    other = arrives(replace(recent, record_number="other"))
    browser = client_of()
    browser.get(f"/r/{one}")
    browser.post("/mon-resultat/", {"birth_date": BIRTH})
    code = re.match(r"\d{6}", last_text(keyring))[0]
    browser.get(f"/r/{other}")
    browser.post("/mon-resultat/", {"birth_date": WRONG_BIRTH})
    assert browser.post("/mon-resultat/code/", {"code": code}).status_code == 200


def test_a_phone_is_not_flooded_with_codes(client_of, keyring, arrives, recent):
    reference = arrives(recent)
    for number in range(13):
        browser = client_of(REMOTE_ADDR=f"198.51.100.{number}")
        browser.get(f"/r/{reference}")
        browser.post("/mon-resultat/", {"birth_date": BIRTH})
    assert len(letters(keyring)) == 1 + 10


def test_the_visit_ends_after_twenty_minutes(client, arrives, visit, recent, clock):
    visit(arrives(recent))
    clock(minutes=19)
    assert client.get("/mon-resultat/resultat/").status_code == 200
    clock(minutes=2)
    for address in ("/mon-resultat/resultat/", "/mon-resultat/certificat.pdf"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/mon-resultat/")
    assert "votre consultation s’est fermée" in client.get("/mon-resultat/").content.decode()


def test_leaving_forgets_everything(client, arrives, visit, recent):
    visit(arrives(recent))
    client.post("/mon-resultat/quitter/")
    assert client.get("/mon-resultat/resultat/").headers["Location"] == "/mon-resultat/"
    assert not client.session.keys()


def test_nobody_comes_in_by_the_side(client, arrives, recent):
    client.get(f"/r/{arrives(recent)}")
    for address in ("/mon-resultat/resultat/", "/mon-resultat/certificat.pdf"):
        assert client.get(address).status_code == 302


def test_security_the_reference_is_in_no_later_address_nor_page(client, keyring, arrives, recent):
    reference = arrives(recent)
    pages = [
        client.get(f"/r/{reference}"),
        client.get("/mon-resultat/"),
        client.post("/mon-resultat/", {"birth_date": "not a date"}),
        client.post("/mon-resultat/", {"birth_date": BIRTH}),
        client.get("/mon-resultat/code/"),
        client.post("/mon-resultat/code/", {"code": "x"}),
        client.post("/mon-resultat/code/", {"code": re.match(r"\d{6}", last_text(keyring))[0]}),
        client.get("/mon-resultat/resultat/"),
    ]
    for page in pages:
        assert reference not in page.content.decode()
        assert reference not in str(page.headers)
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert client.get("/mon-resultat/certificat.pdf").headers["Cache-Control"] == "no-store"


def test_who_typed_a_wrong_reference_may_type_another(client, keyring, arrives, recent):
    reference = arrives(recent)
    assert 'name="reference"' in client.get("/mon-resultat/").content.decode()
    client.post("/mon-resultat/", {"reference": "MISTYPED", "birth_date": BIRTH})
    assert 'name="reference"' in client.get("/mon-resultat/").content.decode()
    typed = f"http://localhost:8000/r/{reference}"  # the whole link, as people paste it
    client.post("/mon-resultat/", {"reference": typed, "birth_date": BIRTH})
    code = re.match(r"\d{6}", last_text(keyring))[0]
    assert client.post("/mon-resultat/code/", {"code": code}).status_code == 302


def test_the_reference_dies_with_its_day(client, keyring, arrives, recent, clock):
    client.get(f"/r/{arrives(recent)}")
    clock(days=91)
    client.post("/mon-resultat/", {"birth_date": BIRTH})
    assert len(letters(keyring)) == 1


@pytest.mark.parametrize("reference", ["é" * 40, "%00", "../../etc/passwd", "a" * 500, "'; --"])
def test_a_reference_of_any_kind_is_a_wrong_reference(client, keyring, reference):
    client.get(f"/r/{quote(reference, safe='')}")
    assert client.post("/mon-resultat/", {"birth_date": BIRTH}).status_code in (200, 302)
    assert client.get("/mon-resultat/").status_code == 200


def test_security_what_was_refused_is_in_the_audit(client, arrives, recent, query):
    client.get(f"/r/{arrives(recent)}")
    client.post("/mon-resultat/", {"birth_date": WRONG_BIRTH})
    client.post("/mon-resultat/code/", {"code": "000000"})
    said = query("SELECT act, purpose FROM audit_entry WHERE act = 'code-refused'")
    assert said == [("code-refused", "own-data")] * 2
