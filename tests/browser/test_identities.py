"""Somebody looks at two identities, decides, and takes it back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import Keeper, message, person, report
from tests.functional.accounts import account
from tests.functional.doors import sign_in

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.reviewing.seeking import seek

ANNE = person(
    birth_name="QUINTARD", used_name="", first_names=("Ombeline",), birth_date=date(1980, 5, 4), ins="", ins_authority="",
    birth_place="69123",
)  # fmt: skip


@pytest.fixture
def reviewer(window, live_server, tmp_path, settings, transactional_db) -> Page:
    """A window in which an investigator of the region has signed in, where two identities wait."""
    settings.KEY_STORE, settings.FACTS_ROOT = KeyStore(root=tmp_path / "keys"), tmp_path / "facts"
    keep = Keeper(keyring=keyring_of(settings.KEY_STORE))
    misspelt = replace(ANNE, birth_name="QUINTAR", birth_date=date(1980, 4, 5), birth_place="")
    keep(message(report(ANNE, record_number="R1")), message(report(misspelt, record_number="R2")))
    seek(keyring=keep.keyring, now=datetime.now(UTC) + timedelta(minutes=2))
    client = Client()
    sign_in(client, account(Role.REGIONAL_INVESTIGATOR, "75", name="Camille Rivière", username="c.riviere"))
    page = window(DESKTOP)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    return page


def test_two_identities_are_compared_decided_and_taken_back(reviewer: Page, live_server, axe, picture):
    reviewer.goto(f"{live_server.url}/identites/")
    expect(reviewer.get_by_role("row")).to_have_count(2)
    expect(reviewer.locator("main")).not_to_contain_text("QUINTAR")
    axe(reviewer)
    picture(reviewer, "identities-list")

    reviewer.get_by_role("link", name="Commencer par la plus ressemblante").click()
    table = reviewer.get_by_role("table")
    for said in (
        "QUINTARD",
        "QUINTAR",
        "un caractère d’écart",
        "jour et mois échangés",
        "identique",
        "non comparable",
    ):
        expect(table).to_contain_text(said)
    axe(reviewer)
    picture(reviewer, "identities-pair")
    reviewer.set_viewport_size(PHONE)
    axe(reviewer)
    picture(reviewer, "identities-pair-phone")
    reviewer.set_viewport_size(DESKTOP)

    reviewer.get_by_role("button", name="C’est la même personne").click()
    expect(reviewer.get_by_text("Votre réponse est enregistrée.")).to_be_visible()
    expect(reviewer.get_by_text("Aucune identité")).to_be_visible()
    axe(reviewer)
    reviewer.get_by_role("link", name="Une seule personne (1)").click()
    reviewer.get_by_role("link", name="Revoir").click()
    axe(reviewer)
    picture(reviewer, "identities-decided")
    reviewer.get_by_role("button", name="Annuler cette réponse").click()
    expect(reviewer.get_by_text("La réponse est annulée.")).to_be_visible()
    expect(reviewer.get_by_role("button", name="Ce sont deux personnes")).to_be_visible()
