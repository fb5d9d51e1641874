"""A file goes from one account to another: with a script that shows how far it is, and without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.functional.exchanges import somebody_called

from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")


@pytest.fixture
def alix(store) -> Agent:
    return somebody_called("alix", organisation="Assurance maladie de Paris")


@pytest.fixture
def bao(store) -> Agent:
    return somebody_called("bao", Role.REGIONAL_INVESTIGATOR, organisation="ARS Île-de-France")


def offer(page: Page, url: str) -> None:
    page.goto(f"{url}/echanges/")
    page.get_by_role("link", name="Remettre un fichier").click()
    page.locator("#id_to").fill("bao@agence.example")
    page.locator("#id_motive").select_option("case-files")
    page.locator("#id_message").fill("Les trois dossiers de ce matin.\nMerci.")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choisir le fichier")


@pytest.fixture
def large(tmp_path) -> Path:
    file = tmp_path / "images de scanner.pdf"
    file.write_bytes(b"%PDF-" + os.urandom(6_000_000))
    return file


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_file_goes_from_one_account_to_another(
    window, live_server, alix, bao, large, scripts, axe, picture
):
    url = live_server.url
    sender = enter(window(DESKTOP, scripts=scripts), alix, url)
    offer(sender, url)
    expect(sender.get_by_text("Bao Nom (ARS Île-de-France)")).to_be_visible()
    if scripts:
        axe(sender)
        picture(sender, "exchange-upload")
    sender.locator("#fichier").set_input_files(large)
    sender.get_by_role("button", name="Remettre ce fichier").click()
    expect(sender.get_by_text("Le fichier est remis.")).to_be_visible()
    expect(sender.get_by_role("heading", level=1)).to_have_text("images de scanner.pdf")
    if scripts:
        axe(sender)
        picture(sender, "exchange-sent")

    recipient = enter(window(PHONE, scripts=scripts), bao, url)
    recipient.goto(f"{url}/echanges/")
    if scripts:
        axe(recipient)
        picture(recipient, "exchange-received-390")
    recipient.get_by_role("link", name="images de scanner.pdf").click()
    expect(recipient.get_by_text("Les trois dossiers de ce matin.")).to_be_visible()
    if scripts:
        axe(recipient)
        picture(recipient, "exchange-file-390")
    with recipient.expect_download() as saved:
        recipient.get_by_role("button", name="Télécharger").click()
    assert saved.value.suggested_filename == "images de scanner.pdf"
    assert Path(saved.value.path()).read_bytes() == large.read_bytes()
    recipient.reload()
    expect(recipient.get_by_text("autant de fois que son auteur l’a permis")).to_be_visible()


def test_what_is_wrong_is_said_beside_its_field(window, live_server, alix, bao, tmp_path, axe, picture):
    page = enter(window(DESKTOP, expected="the server responded with a status of"), alix, live_server.url)
    page.goto(f"{live_server.url}/echanges/nouveau/")
    page.locator("#id_to").fill("personne")
    page.locator("#id_motive").select_option("other")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_text("ne répond à « personne »")).to_be_visible()
    axe(page)
    picture(page, "exchange-offer")
    page.locator("#id_to").fill("bao")
    page.get_by_role("button", name="Continuer").click()
    program = tmp_path / "liste.csv"
    program.write_bytes(b"MZ\x90\x00" + bytes(100))
    page.locator("#fichier").set_input_files(program)
    page.get_by_role("button", name="Remettre ce fichier").click()
    expect(page.locator("#fichier-error")).to_contain_text("n’est pas d’un type accepté")
    expect(page.get_by_role("button", name="Remettre ce fichier")).to_be_enabled()
    axe(page)
    picture(page, "exchange-refused")


def test_a_file_too_large_is_refused_before_it_travels(window, live_server, alix, bao, large):
    page = enter(window(), alix, live_server.url)
    offer(page, live_server.url)
    page.locator("#upload").evaluate("form => { form.dataset.most = '1000' }")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.locator("#fichier").set_input_files(large)
    page.get_by_role("button", name="Remettre ce fichier").click()
    expect(page.locator("#fichier-error")).to_contain_text("trop volumineux")
    assert "POST" not in sent  # an icon of the message may be fetched
