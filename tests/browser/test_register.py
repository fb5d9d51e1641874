"""A regional referent opens the register, looks at the map, and moves a laboratory on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.entering import enter
from tests.factories import finess_in
from tests.functional.accounts import account

from rempart.foundation.access.rights import Role
from rempart.foundation.database.keys import uuid7
from rempart.screening.register.models import Registered, Request
from rempart.screening.register.rules import Kind, State

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
STATES = (State.PRODUCTION, State.PRODUCTION, State.TEST, State.SCHEDULED, State.CALLED, State.TO_CALL)


@pytest.fixture
def laboratories(transactional_db):
    for department in ("69", "38", "42", "63", "73"):
        for number, state in enumerate(STATES[: 3 + int(department) % 4]):
            Registered.objects.create(
                finess=finess_in(department, number), name=f"LBM des {number + 1} Vallées", department=department,
                kind=Kind.PRIVATE, state=state, changed_at=NOW, software="KALISIL", vendor="Exemple SA",
                contact_phone="0478000000", blocked_by="Certificat expiré" if state is State.SCHEDULED else "",
            )  # fmt: skip
    Request.objects.create(
        id=uuid7(), finess=finess_in("69", 0), department="69", text="Le serveur refuse notre certificat",
        opened_at=NOW - timedelta(days=3),
    )  # fmt: skip


def test_a_referent_follows_the_laboratories_of_his_region(window, live_server, axe, picture, laboratories):
    page = enter(window(), account(Role.REFERENT, "69", "38", "42", "63", "73"), live_server.url)
    page.goto(f"{live_server.url}/registre/")
    expect(page.get_by_role("img", name="Part des laboratoires")).to_be_visible()
    expect(page.get_by_text("Le serveur refuse notre certificat")).to_be_visible()
    axe(page)
    picture(page, "register")
    page.get_by_role("combobox", name="Raccordement").select_option("scheduled")
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_role("cell", name="Certificat expiré").first).to_be_visible()
    page.get_by_role("link", name="LBM des 4 Vallées").first.click()
    page.get_by_role("combobox", name="Raccordement").select_option("test")
    page.get_by_label("Ce qui bloque").fill("")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.get_by_text("La fiche est enregistrée")).to_be_visible()
    page.get_by_label("Demande ou difficulté").fill("Demande une date de bascule")
    page.get_by_role("button", name="Noter la demande").click()
    axe(page)
    picture(page, "register-laboratory")
    page.get_by_label("Ce qui a été fait").fill("Date donnée")
    page.get_by_role("button", name="Clore").click()
    expect(page.get_by_text("La demande est close")).to_be_visible()
