"""The communication team changes a text and takes the old one up again; a laboratory telephones."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser.entering import enter
from tests.factories import COVID, LAB, Keeper, message, person, report
from tests.functional.accounts import account
from tests.functional.settling import settle

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import keyring_of
from rempart.screening.notices import telling

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_text_is_written_looked_at_published_and_taken_back(window, live_server, axe, picture):
    page = enter(window(), account(Role.COMMUNICATION, "*", name="Lou Moreau"), live_server.url)
    page.goto(f"{live_server.url}/communication/textes/")
    axe(page)
    picture(page, "wordings")
    page.get_by_role("link", name="Modifier : Un résultat est disponible, SMS").click()
    page.get_by_role("textbox", name="Texte", exact=True).fill("Votre test est positif.")
    page.get_by_role("button", name="Publier").click()
    expect(page.get_by_text("« positif » ne peut pas figurer")).to_be_visible()
    expect(page.get_by_text("Il manque {link}.")).to_be_visible()
    axe(page)
    picture(page, "wording-refused")
    page.get_by_role("textbox", name="Texte", exact=True).fill(
        "Du nouveau pour vous, avec votre date de naissance : {link}"
    )
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.get_by_text("1 segment.")).to_be_visible()
    axe(page)
    picture(page, "wording")
    page.get_by_role("button", name="Publier").click()
    expect(page.get_by_text("Le texte est publié.")).to_be_visible()
    page.get_by_role("link", name="Reprendre ce texte Texte d’origine").click()
    page.get_by_role("button", name="Publier").click()
    expect(page.get_by_text("Publié par Lou Moreau")).to_have_count(2)
    page.set_viewport_size({"width": 320, "height": 800})
    axe(page)
    picture(page, "wording-narrow")


def test_a_laboratory_telephones_whom_nothing_else_reaches(window, live_server, axe, picture, settings):
    keyring = keyring_of(settings.KEY_STORE)
    unreached = {"mobile": "", "email": "", "phone": "0199001234"}
    other = person(**unreached, birth_name="ABELARD", used_name="", ins="")
    Keeper(keyring=keyring)(
        message(report(person(**unreached))), message(report(other, record_number="DOSSIER-2"))
    )
    settle(telling.subscriber(keyring=keyring, pathogen=COVID, public_url=live_server.url))
    page = enter(window(), account(Role.BIOLOGIST, "75", establishment=LAB), live_server.url)
    page.goto(f"{live_server.url}/laboratoire/appels/")
    axe(page)
    page.get_by_role("button", name="Pas de réponse").first.click()
    expect(page.get_by_text("C’est noté : à rappeler.")).to_be_visible()
    picture(page, "calls")
    page.get_by_role("button", name="Prévenue").first.click()
    expect(page.get_by_text("C’est noté : la personne a été prévenue.")).to_be_visible()
    expect(page.get_by_role("button", name="Prévenue")).to_have_count(1)
