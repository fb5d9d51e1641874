"""Work by hand: a result entered at the counter in under a minute, by keyboard alone; and a drive, from the person's own
code to the result on her tube."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE
from tests.browser.entering import enter
from tests.factories import Keeper, finess_in, message, report
from tests.functional.accounts import account
from tests.functional.settling import settle

from rempart.foundation.access.rights import Role
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.rules.report import Outcome, Person, Result

pytestmark = pytest.mark.django_db(transaction=True)

PHARMACY = finess_in("75", 7)
TYPED = (
    "Zygomalas", "Théodosie", "", "28031979", "Reims", "2 79 03 51 215 189 89", " ",
    "", "06 39 98 12 34", "theodosie@exemple.fr", "", "28 passage Xylophage", "75007", "Paris",
)  # fmt: skip
"""What is typed from field to field; a space chooses the first circle, an empty one passes on."""
A_MINUTE, PER_KEY = 60.0, 0.18
"""Seconds; a key every 0.18 s is whoever types 40 words a minute with some hesitation."""


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")


def type_on(page: Page, *texts: str) -> int:
    """Type into one field after the other, by Tab; how many keys."""
    for text in texts:
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    return sum(len(text) + 1 for text in texts)


def tab_to(page: Page, name: str) -> int:
    """Pass on to the field of this name; how many keys."""
    for keys in range(1, 30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return keys
    raise AssertionError(f"no Tab leads to {name}")


def test_a_result_is_entered_in_under_a_minute_by_keyboard(window, live_server, axe, picture):
    page = enter(window(), account(Role.PHARMACIST, establishment=PHARMACY), live_server.url)
    page.goto(f"{live_server.url}/saisie/")
    axe(page)
    assert page.locator("input[name=result]:checked").count() == 0  # nothing is chosen beforehand
    picture(page, "by-hand-form")
    began, keys = time.monotonic(), type_on(page, *TYPED) + tab_to(page, "result")
    page.keyboard.press("ArrowRight")  # from positive to negative
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("ZYGOMALAS Théodosie")
    assert time.monotonic() - began < A_MINUTE
    assert (keys + 2) * PER_KEY < A_MINUTE / 2  # the other half is for reading the card
    expect(page.get_by_role("definition").filter(has_text="Négatif")).to_be_visible()
    axe(page)
    picture(page, "by-hand-kept")


def test_what_is_wrong_stands_beside_its_field(window, live_server, axe, picture):
    page = enter(window(PHONE), account(Role.NURSE), live_server.url)
    page.goto(f"{live_server.url}/saisie/")
    picture(page, "by-hand-empty")
    page.get_by_label("Nom de naissance").fill("Zygomalas")
    page.get_by_label("Numéro de sécurité sociale").fill("2 79 03 51 215 189 88")
    page.get_by_label("Médecin traitant").fill("10003456787")
    page.get_by_role("button", name="Enregistrer le résultat").click()
    expect(page.get_by_text("n’est pas un numéro de sécurité sociale")).to_be_visible()
    expect(page.get_by_text("ni un RPPS ni un ADELI")).to_be_visible()
    expect(page.get_by_text("Choisissez le résultat")).to_be_visible()
    axe(page)
    picture(page, "by-hand-wrong")
    page.get_by_label("Prénoms").fill("Théodosie")
    page.get_by_label("Date de naissance").fill("28/03/1979")
    page.get_by_text("Féminin").click()
    page.get_by_label("Numéro de sécurité sociale").fill("")
    page.get_by_label("Médecin traitant").fill("")
    page.get_by_role("button", name="Chercher l’identité nationale").click()
    expect(page.get_by_text("Le téléservice INS n’est pas raccordé ici")).to_be_visible()
    page.get_by_label("Numéro de votre cabinet").fill(finess_in("63", 9))
    page.get_by_text("Positif", exact=True).click()
    page.get_by_role("button", name="Enregistrer le résultat").click()
    expect(
        page.get_by_text("Ni téléphone mobile ni adresse électronique")
    ).to_be_visible()  # kept, with a remark
    axe(page)
    expect(page.get_by_text("Enregistré, avec des remarques")).to_be_visible()
    page.get_by_role("link", name="Corriger").click()
    page.get_by_role("textbox", name="Téléphone").fill("06 39 98 12 34")
    page.get_by_role("button", name="Enregistrer le résultat").click()
    expect(page.get_by_text("La correction est enregistrée")).to_be_visible()
    page.get_by_text("Retirer ce résultat").click()
    page.get_by_role("button", name="Retirer le résultat").click()
    expect(page.get_by_text("Ce résultat est retiré")).to_be_visible()
    page.get_by_role("link", name="Saisies récentes").first.click()
    expect(page.get_by_role("row")).to_have_count(2)  # the heading, and one entry
    axe(page)
    picture(page, "by-hand-list")


def fill_in(page: Page) -> None:
    """What a person says of herself, the little that is needed and how to reach her."""
    page.get_by_label("nom de naissance").fill("Zygomalas")
    page.get_by_label("Vos prénoms").fill("Théodosie")
    page.get_by_label("date de naissance").fill("28031979")
    page.get_by_text("Féminin").click()
    page.get_by_role("textbox", name="Votre téléphone").fill("06 39 98 12 34")
    page.get_by_label("Votre code postal").fill("75007")


def test_from_the_persons_own_code_to_the_result_on_her_tube(window, live_server, axe, picture, settings):
    laboratory, tent = finess_in("75"), finess_in("75", 3)
    Laboratory.objects.create(finess=laboratory, name="LBM DES TESTS", department="75")
    her = window(PHONE)
    her.goto(f"{live_server.url}/preinscription/")
    axe(her)
    picture(her, "own-form")
    fill_in(her)
    her.get_by_role("button", name="Recevoir mon code").click()
    expect(her.get_by_text("Lisez l’information ci-dessous")).to_be_visible()
    axe(her)
    her.get_by_text("J’ai lu ce que la plateforme fait").click()
    her.get_by_role("button", name="Recevoir mon code").click()
    code = her.locator(".rp-binding").inner_text()
    (scanned,) = {
        found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(her.screenshot(full_page=True))))
    }
    assert scanned == code.replace("-", "")
    axe(her)
    picture(her, "own-code")

    nurse = enter(window(), account(Role.NURSE, establishment=tent), live_server.url)
    nurse.goto(f"{live_server.url}/campagnes/")
    nurse.get_by_label("Lieu").fill("Gymnase Jaurès")
    nurse.get_by_label("Laboratoire qui analysera").fill(laboratory)
    nurse.get_by_role("button", name="Ouvrir la campagne").click()
    expect(nurse.get_by_text("Personne n’est inscrit")).to_be_visible()
    axe(nurse)
    nurse.get_by_role("link", name="Inscrire une personne").click()
    axe(nurse)
    nurse.get_by_label("Code de préinscription").fill("BCDFG-HJKLM")
    nurse.get_by_role("button", name="Reprendre").click()
    expect(nurse.get_by_text("Ce code n’ouvre rien")).to_be_visible()
    nurse.get_by_label("Code de préinscription").fill(code.lower())
    nurse.keyboard.press("Enter")  # as a hand scanner does
    expect(nurse.get_by_label("Nom de naissance")).to_have_value("Zygomalas")
    expect(nurse.get_by_label("La personne a reçu l’information")).to_be_checked()
    axe(nurse)
    picture(nurse, "drive-register")
    nurse.get_by_role("button", name="Enregistrer").last.click()
    expect(nurse.get_by_role("heading", level=1)).to_have_text("ZYGOMALAS Théodosie")
    axe(nurse)
    picture(nurse, "drive-tube")
    label = nurse.request.get(
        nurse.get_by_role("link", name="Imprimer l’étiquette").evaluate("one => one.href")
    )
    with pypdfium2.PdfDocument(label.body()) as paper:
        codes = {found.text for found in zxingcpp.read_barcodes(paper[0].render(scale=6).to_pil())}
    (number,) = codes  # the same as Code 128 and as DataMatrix

    nurse.get_by_role("link", name="Campagne", exact=True).click()
    nurse.get_by_label("Tube", exact=False).first.fill(number)
    nurse.keyboard.press("Enter")
    expect(nurse.get_by_text("Prélevé : tube")).to_be_visible()
    nurse.get_by_role("button", name="Fermer le lot").click()
    expect(nurse.get_by_role("heading", level=1)).to_have_text(re.compile("[0-9A-F]{8}"))
    axe(nurse)
    picture(nurse, "drive-batch")
    assert nurse.request.get(f"{nurse.url}bordereau.pdf").body().startswith(b"%PDF")

    biologist = enter(window(), account(Role.BIOLOGIST, establishment=laboratory), live_server.url)
    biologist.goto(f"{live_server.url}/campagnes/")
    biologist.get_by_role("link", name=re.compile("^[0-9A-F]{8}$")).click()
    biologist.get_by_label("Tubes trouvés").fill(number)
    biologist.get_by_role("button", name="Noter la réception").click()
    expect(biologist.get_by_text("La réception est notée.")).to_be_visible()
    assert "ZYGOMALAS" not in biologist.content()
    axe(biologist)

    keep = Keeper(keyring=keyring_of(settings.KEY_STORE), now=datetime.now(UTC))
    bare = report(
        Person(),
        record_number=number,
        sampled_at=None,
        validated_at=None,
        result=Result.NEGATIVE,
        raw_result="N",
    )
    (kept,) = keep(message(bare, sender=laboratory, outcome=Outcome.REJECTED), laboratory=laboratory)
    assert kept.outcome is Outcome.ACCEPTED  # completed from the registration
    settle()
    nurse.goto(f"{live_server.url}/campagnes/")
    nurse.get_by_role("link", name="Gymnase Jaurès").click()
    expect(nurse.get_by_role("row").filter(has_text="ZYGOMALAS")).to_contain_text("Résultat arrivé")
    assert "Négatif" not in nurse.content()  # the result is hers
    axe(nurse)
    picture(nurse, "drive-day")


def test_a_person_takes_back_what_she_left_without_any_script(window, live_server):
    page = window(PHONE, scripts=False)
    page.goto(f"{live_server.url}/preinscription/")
    fill_in(page)
    page.get_by_text("J’ai lu ce que la plateforme fait").click()
    page.get_by_role("button", name="Recevoir mon code").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre code de préinscription")
    page.get_by_role("button", name="Effacer ma préinscription").click()
    expect(page.get_by_text("Votre préinscription est effacée.")).to_be_visible()
    page.goto(f"{live_server.url}/preinscription/code/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Me préinscrire à un dépistage")
