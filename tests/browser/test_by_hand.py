"""Work by hand: a result entered at the counter in under a minute, by keyboard alone."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE
from tests.browser.entering import enter
from tests.factories import finess_in
from tests.functional.accounts import account

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore

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
