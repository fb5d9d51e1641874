"""What stands beyond one's own list: a department opened for some hours, a case handed over, a person's file."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import NOW, Keeper, in_lyon, message, nir_of, of, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle

from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore, keyring_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def arrived(tmp_path, settings) -> None:
    """A positive of Paris, one of Lyon, and the woman of the factories."""
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    keep = Keeper(keyring=keyring_of(settings.KEY_STORE))
    for one in (of(1), in_lyon(9), report()):
        keep(message(one, sender=one.laboratory.finess), now=NOW)
    settle()


def enter(page: Page, agent: Agent, url: str) -> Page:
    """A window in which the agent has signed in."""
    browser = Client()
    sign_in(browser, agent)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": url}])
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_department_is_opened_with_a_reason_and_reviewed(size, window, live_server, arrived, axe, picture):
    page = enter(window(size), account(Role.INVESTIGATOR, "75"), live_server.url)
    page.goto(f"{live_server.url}/acces-exceptionnel/")
    page.get_by_label("Départements").fill("69, 00")
    page.get_by_label("Motif").fill("urgent")
    page.get_by_role("button", name="Ouvrir l’accès").click()
    expect(page.get_by_text("Ce département n’existe pas.")).to_be_visible()
    expect(page.get_by_text("Dites en une phrase pourquoi")).to_be_visible()
    axe(page)
    page.get_by_label("Départements").fill("69")
    page.get_by_label("Motif").fill("La personne est hospitalisée à Lyon, où personne ne répond ce soir.")
    page.get_by_role("button", name="Ouvrir l’accès").click()
    expect(page.get_by_role("link", name="PERSONNEJ Alix")).to_be_visible()
    page.get_by_role("link", name="PERSONNEJ Alix").click()
    page.goto(f"{live_server.url}/acces-exceptionnel/")
    expect(page.get_by_text("Un accès exceptionnel est ouvert")).to_be_visible()
    axe(page)
    picture(page, f"glass-break-{size['width']}")

    watcher = enter(window(size), account(Role.ADMINISTRATOR, "75"), live_server.url)
    watcher.goto(f"{live_server.url}/acces-exceptionnels/")
    expect(watcher.get_by_role("row").nth(1)).to_contain_text("Rhône")
    axe(watcher)
    picture(watcher, f"glass-review-{size['width']}")
    watcher.get_by_role("button", name="Justifié", exact=True).click()
    expect(watcher.get_by_text("Votre examen est enregistré.")).to_be_visible()
    expect(watcher.get_by_role("button", name="Justifié", exact=True)).to_have_count(0)

    page.get_by_role("button", name="Le fermer maintenant").click()
    expect(page.get_by_role("link", name="PERSONNEJ Alix")).to_have_count(0)


def test_a_case_is_handed_to_a_delegate_and_taken_back(window, live_server, arrived, axe, picture):
    account(Role.DELEGATE, "75", username="aide", name="Andréa Petit", organisation="CPTS du 7e")
    page = enter(window(), account(Role.INVESTIGATOR, "75"), live_server.url)
    page.goto(f"{live_server.url}/suivi/")
    page.get_by_role("link", name="PERSONNEB Alix").click()
    page.get_by_text("Confier ce dossier à un délégataire").click()
    axe(page)
    page.get_by_role("button", name="Confier", exact=True).click()
    expect(page.get_by_text("Ce dossier est confié au délégataire.")).to_be_visible()
    expect(page.get_by_text("Andréa Petit, CPTS du 7e")).to_be_visible()
    picture(page, "case-handed-over")
    axe(page)

    delegate = enter(window(PHONE), Agent.objects.get(username="aide"), live_server.url)
    delegate.goto(f"{live_server.url}/suivi/")
    expect(delegate.locator("tbody tr")).to_have_count(1)
    delegate.get_by_role("link", name="PERSONNEB Alix").click()
    expect(delegate.get_by_text("06 39 98 12 34")).to_be_visible()
    expect(delegate.get_by_text("Confier ce dossier")).to_have_count(0)
    axe(delegate)
    picture(delegate, "delegate-case-phone")

    page.get_by_role("button", name="Reprendre ce dossier").click()
    expect(page.get_by_text("Ce dossier n’est plus confié à personne.")).to_be_visible()
    delegate.goto(f"{live_server.url}/suivi/")
    expect(delegate.get_by_text("Aucun dossier ici")).to_be_visible()


def test_a_pharmacist_finds_the_person_before_him(window, live_server, arrived, axe, picture):
    page = enter(window(), account(Role.PHARMACIST, establishment="750000018"), live_server.url)
    page.goto(f"{live_server.url}/fiches/masques/")
    page.get_by_label("Numéro de sécurité sociale").fill(nir_of("2790351215189"))
    page.get_by_label("Nom de naissance ou nom utilisé").fill("Zygomalas")
    page.get_by_label("Prénom").fill("Camille")
    page.get_by_role("button", name="Rechercher").click()
    expect(page.get_by_text("Aucune fiche trouvée")).to_be_visible()
    axe(page)
    page.get_by_label("Prénom").fill("Théodosie")
    page.get_by_role("button", name="Rechercher").click()
    expect(page.get_by_role("heading", name="ZYGOMALAS (QUIRINAL) Théodosie")).to_be_visible()
    expect(page.get_by_text("28 passage Xylophage")).to_be_visible()
    expect(page.get_by_text("Test réalisé")).to_have_count(0)
    axe(page)
    picture(page, "file-masks")
