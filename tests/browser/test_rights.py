"""A person asks for her data and for a correction, on a phone; the officer answers; a judge's order is kept."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.factories import Keeper, message, report
from tests.functional.accounts import account
from tests.functional.portal import BIRTH, letters
from tests.functional.settling import settle

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import Keyring, KeyStore, keyring_of
from rempart.protection.retention.services import daily
from rempart.screening.rules.report import Moment, Precision


@pytest.fixture
def keyring(live_server, tmp_path, settings) -> Keyring:
    """A positive of hers came this morning, and she was told."""
    settings.KEY_STORE, settings.FACTS_ROOT = KeyStore(root=tmp_path / "keys"), tmp_path / "facts"
    settings.PUBLIC_URL = live_server.url
    now = datetime.now(UTC)
    found = keyring_of(settings.KEY_STORE)
    one = report(
        sampled_at=Moment(at=now - timedelta(hours=20), precision=Precision.MINUTE),
        validated_at=Moment(at=now - timedelta(hours=2), precision=Precision.MINUTE),
    )
    Keeper(keyring=found)(message(one), now=now)
    settle()
    return found


def come_in(page: Page, keyring: Keyring) -> None:
    """Link, birth date, code; then her rights."""
    link = next(found[0] for one in letters(keyring) if (found := re.search(r"http\S+/r/\S+", one.text)))
    page.goto(link)
    page.get_by_label("Date de naissance de la personne testée").fill(BIRTH)
    page.get_by_role("button", name="Recevoir mon code").click()
    code = next(found[0] for one in letters(keyring) if (found := re.match(r"\d{6}", one.text)))
    page.get_by_label("Code à 6 chiffres").fill(code)
    page.get_by_role("button", name="Voir mon résultat").click()
    page.get_by_role("link", name="Mes droits sur mes données").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mes droits")


def saved(page: Page, link: str, folder: Path) -> bytes:
    """What a link gives to keep."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def test_a_person_takes_her_data_along_and_has_an_error_corrected(
    window, keyring, live_server, axe, picture, tmp_path
):
    her, desk = window(PHONE), window(DESKTOP)
    come_in(her, keyring)
    axe(her)
    picture(her, "rights-390")

    her.get_by_role("button", name="Voir mes données").click()
    expect(her.get_by_text("28 passage Xylophage")).to_be_visible()
    axe(her)
    picture(her, "rights-data-390")
    assert saved(her, "Enregistrer en PDF", tmp_path).startswith(b"%PDF")
    found = json.loads(saved(her, "Fichier pour un autre service (JSON)", tmp_path))
    assert found["results"][0]["mobile"] == "0639981234"

    her.get_by_role("link", name="Retour à mes droits").click()
    her.get_by_role("link", name="Signaler une erreur").click()
    her.get_by_role("button", name="Envoyer ma demande").click()
    expect(her.get_by_label("Qu’est-ce qui est faux")).to_have_attribute("aria-invalid", "true")
    axe(her)
    her.get_by_label("Qu’est-ce qui est faux").fill("Mon prénom est Théodora.")
    picture(her, "rights-error-390")
    her.get_by_role("button", name="Envoyer ma demande").click()
    expect(her.get_by_text("Réponse au plus tard le")).to_be_visible()
    axe(her)

    officer = enter(
        desk, account(Role.DATA_PROTECTION, username="dpo", name="Dominique Garde"), live_server.url
    )
    officer.goto(f"{live_server.url}/droits/demandes/")
    axe(officer)
    picture(officer, "requests-1280")
    officer.locator("tbody").get_by_role("link").click()
    expect(officer.get_by_text("Mon prénom est Théodora.")).to_be_visible()
    officer.get_by_role("button", name="Je m’en occupe").click()
    axe(officer)
    picture(officer, "request-1280")
    officer.get_by_label("Prénoms").fill("Théodora, Wilhelmine")
    officer.get_by_role("button", name="Corriger").click()
    expect(officer.get_by_text("Résultats corrigés : 1")).to_be_visible()
    officer.get_by_label("Votre réponse à la personne").fill("Votre prénom est corrigé.")
    officer.get_by_role("button", name="Répondre").click()
    expect(officer.get_by_text("La réponse est enregistrée")).to_be_visible()
    axe(officer)

    her.reload()
    expect(her.get_by_text("Votre prénom est corrigé.")).to_be_visible()
    axe(her)
    picture(her, "rights-answered-390")
    her.get_by_role("button", name="Voir mes données").click()
    expect(her.get_by_text("Théodora, Wilhelmine")).to_be_visible()


def test_without_a_script_a_person_says_no_to_research(window, keyring):
    her = window(PHONE, scripts=False)
    come_in(her, keyring)
    her.get_by_role("button", name="Je m’y oppose").click()
    expect(her.get_by_text("La recherche n’utilise pas vos données.")).to_be_visible()
    her.get_by_role("button", name="Retirer mon opposition").click()
    expect(her.get_by_role("button", name="Je m’y oppose")).to_be_visible()


@pytest.mark.parametrize("browser_page", [DESKTOP, PHONE], ids=["desktop", "phone"], indirect=True)
def test_the_notice_is_for_everybody(browser_page: Page, live_server, axe, picture):
    browser_page.goto(f"{live_server.url}/")
    browser_page.get_by_role("link", name="Vos données et vos droits").click()
    expect(browser_page.get_by_role("heading", name="Quels sont vos droits ?")).to_be_visible()
    axe(browser_page)
    picture(browser_page, f"notice-{browser_page.viewport_size['width']}")


@pytest.mark.parametrize("browser_page", [DESKTOP, PHONE], ids=["desktop", "phone"], indirect=True)
def test_the_officer_sees_what_is_destroyed_and_holds_what_a_judge_orders(
    browser_page: Page, keyring, live_server, axe, picture
):
    size = browser_page.viewport_size["width"]
    officer = enter(
        browser_page, account(Role.DATA_PROTECTION, username="dpo", name="Dominique Garde"), live_server.url
    )
    officer.goto(f"{live_server.url}/conservation/")
    expect(officer.get_by_text("Aucune destruction n’a encore eu lieu")).to_be_visible()
    daily.run(keyring=keyring, now=datetime.now(UTC))
    officer.reload()
    expect(officer.get_by_text("Rien de ce qui est arrivé à terme n’est encore là.")).to_be_visible()
    axe(officer)
    picture(officer, f"retention-{size}")

    officer.get_by_role("link", name="Conservations ordonnées par un juge").click()
    officer.get_by_role("button", name="Chercher la personne").click()
    expect(officer.get_by_text("Indiquez le numéro, ou le nom")).to_be_visible()
    officer.get_by_label("Nom de naissance ou nom utilisé").fill("Zygomalas")
    officer.get_by_label("Date de naissance").fill(BIRTH)
    officer.get_by_role("button", name="Chercher la personne").click()
    officer.get_by_label("Jusqu’au").fill(f"{datetime.now(UTC) + timedelta(days=300):%d/%m/%Y}")
    officer.get_by_label("Ordonnée par").fill("Juge d’instruction, tribunal de Paris")
    officer.get_by_label("Référence et motif").fill("Commission rogatoire 12/345")
    axe(officer)
    picture(officer, f"holds-{size}")
    officer.get_by_role("button", name="Enregistrer l’ordre").click()
    expect(officer.get_by_role("button", name="Lever")).to_be_visible()
    axe(officer)
    officer.get_by_role("button", name="Lever").click()
    expect(officer.get_by_text("L’ordre est levé.")).to_be_visible()
