"""The pages of the exchange, as a browser without scripts uses them."""

import re
import warnings
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.functional.doors import sign_in
from tests.functional.exchanges import CSV, somebody_called

from rempart.foundation.access.rights import Role
from rempart.protection.exchange import pages

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = {
    "to": "bao",
    "motive": "case-files",
    "message": "Les dossiers du matin",
    "days": "3",
    "downloads": "1",
}


@pytest.fixture
def alix(keyring):
    return somebody_called("alix")


@pytest.fixture
def bao(keyring):
    return somebody_called("bao", Role.REGIONAL_INVESTIGATOR)


@pytest.fixture
def browser_of():
    def opened(agent, **more):
        browser = Client(**more)
        sign_in(browser, agent)
        return browser

    return opened


def brought(content=CSV, name="dossiers.csv"):
    return {"fichier": SimpleUploadedFile(name, content, content_type="text/html")}


def content_of(answer):
    with warnings.catch_warnings():  # Django's test client is no ASGI server
        warnings.simplefilter("ignore")
        return b"".join(answer)


def test_a_file_goes_from_one_account_to_another(alix, bao, browser_of):
    sender, recipient = browser_of(alix), browser_of(bao)
    step = sender.post("/echanges/nouveau/", ASKED)
    assert re.fullmatch(r"/echanges/[0-9a-f-]{36}/fichier/", step["Location"])
    assert "Bao Nom" in sender.get(step["Location"]).content.decode(), (
        "who it goes to is shown before the file"
    )
    done = sender.post(step["Location"], brought(), follow=True)
    assert "Le fichier est remis." in done.content.decode()
    assert "dossiers.csv" in sender.get("/echanges/envoyes/").content.decode()

    assert "dossiers.csv" in recipient.get("/echanges/").content.decode()
    page = step["Location"].removesuffix("fichier/")
    assert "Les dossiers du matin" in recipient.get(page).content.decode()
    answer = recipient.post(page + "telecharger/")
    assert content_of(answer) == CSV
    assert answer["Content-Disposition"].startswith('attachment; filename="dossiers.csv"')
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(CSV))
    assert answer["Cache-Control"] == "no-store"
    assert recipient.post(page + "telecharger/").status_code == 409
    assert "autant de fois" in recipient.get(page).content.decode()


def begun(browser):
    return browser.post("/echanges/nouveau/", ASKED)["Location"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"MZ\x90\x00 a program", "n’est pas d’un type accepté"),
        (b"<html><body>", "n’est pas d’un type accepté"),
        (b"", "Choisissez un fichier"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_another_may_be_chosen(
    alix, bao, browser_of, counts, content, said
):
    browser = browser_of(alix)
    address = begun(browser)
    answer = browser.post(address, brought(content))
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert counts()["exchange_chunk"] == 0
    assert browser.post(address, brought()).status_code == 302


def test_a_form_without_its_file_is_refused(alix, bao, browser_of):
    browser = browser_of(alix)
    assert browser.post(begun(browser), {"autre": "chose"}).status_code == 422


def test_only_the_first_file_of_a_form_is_taken(alix, bao, browser_of, query):
    browser = browser_of(alix)
    files = [SimpleUploadedFile("un.txt", b"premier"), SimpleUploadedFile("deux.txt", b"second")]
    browser.post(begun(browser), {"fichier": files, "autre": SimpleUploadedFile("trois.txt", b"x" * 100)})
    assert query("SELECT size FROM exchange_handover") == [(len(b"premier"),)]


def test_a_file_that_is_announced_too_large_is_not_read(alix, bao, browser_of, monkeypatch):
    browser = browser_of(alix)
    address = begun(browser)
    monkeypatch.setattr(pages.incoming, "begin", None)  # would be called to read it
    answer = browser.post(address, brought(), CONTENT_LENGTH="300000000")
    assert answer.status_code == 413
    assert "trop volumineux" in answer.content.decode()


def test_security_an_upload_without_the_forms_token_is_refused_and_leaves_nothing(
    alix, bao, browser_of, counts
):
    browser = browser_of(alix, enforce_csrf_checks=True)
    page = browser.get("/echanges/nouveau/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    address = browser.post("/echanges/nouveau/", ASKED | {"csrfmiddlewaretoken": token})["Location"]
    assert browser.post(address, brought()).status_code == 403
    assert browser.post(address, brought() | {"csrfmiddlewaretoken": "x" * 64}).status_code == 403
    assert counts()["exchange_chunk"] == 0
    assert browser.post(address, {"csrfmiddlewaretoken": token} | brought()).status_code == 302


def test_a_script_is_answered_in_its_own_words(alix, bao, browser_of):
    browser = browser_of(alix)
    address = begun(browser)
    wrong = browser.post(address, brought(b"MZ\x00"), headers={"Accept": "application/json"})
    assert (wrong.status_code, "type accepté" in wrong.json()["error"]) == (422, True)
    done = browser.post(address, brought(), headers={"Accept": "application/json"})
    assert done.json() == {"address": address.removesuffix("fichier/")}
    again = browser.post(address, brought(), headers={"Accept": "application/json"})
    assert (again.status_code, "Recommencez" in again.json()["error"]) == (409, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"to": "nobody"}, "ne répond à « nobody »"),
        ({"to": "<script>"}, "« &lt;script&gt; »"),
        ({"to": "%(name)s %d"}, "« %(name)s %d »"),
        ({"to": " ,, "}, "au moins un destinataire"),
        ({"to": ""}, "obligatoire"),
        ({"motive": "gossip"}, "invalid"),
        ({"days": "30"}, "30"),
        ({"downloads": "99"}, "99"),
    ],
)
def test_what_is_wrong_with_a_hand_over_is_said(alix, bao, browser_of, counts, changes, said):
    answer = browser_of(alix).post("/echanges/nouveau/", ASKED | changes, headers={"Accept-Language": "fr"})
    assert answer.status_code == 200
    assert said in answer.content.decode().replace("n’est pas valide", "invalid").replace(
        "fait pas partie", "invalid"
    )
    assert counts()["exchange_handover"] == 0


def test_a_hand_over_is_given_up_or_taken_back(alix, bao, browser_of, query):
    browser = browser_of(alix)
    browser.post(begun(browser).replace("fichier", "retirer"))
    assert query("SELECT count(*) FROM exchange_handover") == [(0,)]
    address = begun(browser)
    browser.post(address, brought())
    browser.post(address.replace("fichier", "retirer"))
    assert query("SELECT state FROM exchange_handover") == [("withdrawn",)]
    shown = browser_of(bao).get(address.removesuffix("fichier/")).content.decode()
    assert "Son auteur a retiré ce fichier." in shown
    assert "dossiers.csv" not in shown


def test_who_fetches_proves_again_who_he_is(alix, bao, browser_of, clock):
    browser = browser_of(alix)
    address = begun(browser)
    browser.post(address, brought())
    recipient = browser_of(bao)
    clock(minutes=11)
    answer = recipient.post(address.replace("fichier", "telecharger"))
    assert answer.status_code == 302
    assert "telecharger" not in answer["Location"]


def test_security_a_file_of_others_is_refused_like_one_that_does_not_exist(alix, bao, browser_of):
    sender = browser_of(alix)
    address = begun(sender)
    sender.post(address, brought())
    stranger = browser_of(somebody_called("chloe"))
    page = address.removesuffix("fichier/")
    unknown = "/echanges/00000000-0000-7000-8000-000000000000/"
    for base in (page, unknown):
        assert stranger.get(base).status_code == 403
        assert stranger.get(base + "fichier/").status_code == 403
        for act in ("fichier/", "telecharger/", "retirer/"):
            assert stranger.post(base + act, brought()).status_code == 403


def test_a_file_waits_as_many_days_as_was_said(alix, bao, browser_of, query):
    begun(browser_of(alix))
    ((until,),) = query("SELECT expires_on FROM exchange_handover")
    assert (until - datetime.now(UTC).date()).days == 3
