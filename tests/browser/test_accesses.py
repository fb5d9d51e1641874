"""Who opened whose file: the officer's pages, looked at and judged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import NOW, Keeper, investigator, message, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.audit import watching
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.models import Access
from rempart.screening.portal import visits
from rempart.tracing.models import Case

BOTH = pytest.mark.parametrize("browser_page", [DESKTOP, PHONE], ids=["desktop", "phone"], indirect=True)


@pytest.fixture
def case(live_server, tmp_path, settings) -> Case:
    """Her case, opened by an agent who also went through others' files."""
    settings.KEY_STORE, settings.FACTS_ROOT = KeyStore(root=tmp_path / "keys"), tmp_path / "facts"
    Keeper(keyring=keyring_of(settings.KEY_STORE))(message(report()), now=NOW)
    settle()
    with acting(investigator("75")):
        case = Case.objects.get()
    agent = account(
        Role.INVESTIGATOR, "75", username="c.riviere", name="Camille Rivière", organisation="CPAM de Paris"
    )
    now = datetime.now(UTC)
    opening = replace(agent.actor(Right.CASES_OPEN, now=now), origin="192.0.2.17")
    record(opening, Act.CASE_OPENED, str(case.id), now=now, person=case.person_id, namesake=True)
    for rank, person in enumerate(uuid7s(27)):
        at = now - timedelta(minutes=28 - rank)
        record(opening, Act.CASE_OPENED, str(person), now=at, person=person)
    watching.detect(now=now)
    return case


@pytest.fixture
def officer(browser_page: Page, live_server, transactional_db) -> Page:
    """A browser in which the data-protection officer has signed in."""
    client = Client()
    sign_in(client, account(Role.DATA_PROTECTION, name="Dominique Garde", username="dpo"))
    name = django_settings.SESSION_COOKIE_NAME
    browser_page.context.add_cookies(
        [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
    )
    return browser_page


@BOTH
def test_the_officer_searches_protects_and_closes(officer: Page, case: Case, live_server, axe, picture):
    size = officer.viewport_size["width"]
    officer.goto(f"{live_server.url}/protection/acces/")
    axe(officer)
    officer.get_by_role("button", name="Rechercher", exact=True).click()
    expect(officer.get_by_text("Indiquez au moins un critère.")).to_be_visible()
    axe(officer)

    officer.get_by_label("Nom de naissance ou nom utilisé").fill("Zygomalas")
    officer.get_by_label("Date de naissance").fill("28/03/1979")
    officer.get_by_role("button", name="Rechercher", exact=True).click()
    found = officer.locator("#acces")
    expect(found).to_contain_text("Camille Rivière")
    expect(found).to_contain_text("192.0.2.17")
    assert officer.url == f"{live_server.url}/protection/acces/"
    officer.locator("summary", has_text="Protéger ce dossier").click()
    axe(officer)
    picture(officer, f"audit-search-{size}")
    officer.get_by_role("button", name="Protéger ce dossier").click()
    expect(officer.get_by_role("row")).to_have_count(2)
    axe(officer)
    picture(officer, f"audit-watched-{size}")

    officer.get_by_role("link", name="Alertes").click()
    expect(officer.get_by_role("link", name="Dossiers parcourus sans suite")).to_be_visible()
    axe(officer)
    picture(officer, f"audit-alerts-{size}")
    officer.get_by_role("link", name="Dossier d’un collègue").click()
    expect(officer.get_by_text("CPAM de Paris")).to_be_visible()
    axe(officer)
    picture(officer, f"audit-alert-{size}")
    officer.get_by_label("Ce que vous avez constaté").fill("Homonyme : le collègue n’a pas été testé.")
    officer.get_by_role("button", name="Classer l’alerte").click()
    expect(officer.get_by_text("C’est enregistré.")).to_be_visible()
    axe(officer)


@BOTH
def test_the_officer_reads_page_after_page(officer: Page, case: Case, live_server, axe):
    for _ in range(60):
        record(
            system(Purpose.INVESTIGATION), Act.CASE_TAKEN, "x", now=datetime.now(UTC), person=case.person_id
        )
    officer.goto(f"{live_server.url}/protection/acces/")
    officer.get_by_label("Clé").fill(str(case.id))
    officer.get_by_role("button", name="Rechercher", exact=True).click()
    officer.get_by_role("button", name="Plus anciens").click()
    expect(officer.locator("#acces tbody tr")).to_have_count(11)
    axe(officer)


@BOTH
def test_a_person_reads_who_had_access_to_her_data(
    browser_page: Page, case: Case, live_server, axe, picture, settings
):
    access = Access.objects.get()
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    visits.open_with_proof(session, bytes(access.reference).hex(), seed=b"seed", now=datetime.now(UTC))
    session.save()
    browser_page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}]
    )
    browser_page.goto(f"{live_server.url}/mon-resultat/resultat/")
    browser_page.get_by_role("link", name="Qui a consulté mes données ?").click()
    expect(browser_page.get_by_text("Votre dossier a été ouvert.")).to_be_visible()
    expect(browser_page.get_by_text("Camille Rivière")).to_have_count(0)
    axe(browser_page)
    picture(browser_page, f"accesses-mine-{browser_page.viewport_size['width']}")
    browser_page.get_by_role("link", name="Retour à mon résultat").click()
    expect(browser_page.get_by_role("heading", level=1)).to_have_text("Votre résultat")
