"""A biologist finds what to correct, says what a code means, opens a message with a reason; the operator sees a silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.functional.desks import LABELLED_CODE, UNKNOWN_WORD, biologist, numbered, operator
from tests.functional.doors import HL7, SENDER, new_key
from tests.functional.settling import settle

from rempart.foundation.vault import KeyStore
from rempart.screening.api import intake_of
from rempart.screening.desk.models import DailyIntake
from rempart.screening.desk.services import again, watching

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    intake_of.cache_clear()
    yield
    intake_of.cache_clear()


@pytest.fixture
def arrived(keys):
    """A month of messages in numbers, and some of today: good ones, a local code, words that nobody knows."""
    software, key, now = Client(), new_key(), datetime.now(UTC)
    for days in range(1, 30):
        at = now - timedelta(days=days)
        DailyIntake.objects.create(
            laboratory=SENDER, day=at.date(), accepted=300 - 7 * (days % 11), held=days % 3, rejected=days % 7,
            last_at=at, to_validation=[0, 0, 4, 20, 30, 9], to_reception=[60, 3], in_all=[0, 0, 2, 11, 30, 20],
        )  # fmt: skip
    messages = [numbered(n) for n in range(6)] + [numbered(10 + n, LABELLED_CODE) for n in range(4)]
    messages += [numbered(20 + n, UNKNOWN_WORD) for n in range(2)]
    for message in messages:
        answer = software.post(
            "/api/v1/deliveries", message, content_type=HL7, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200, answer.content
    settle()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_what_to_correct_is_found_translated_and_opened(size, window, live_server, arrived, axe, picture):
    page = enter(window(size), biologist(), live_server.url)
    page.goto(f"{live_server.url}/laboratoire/")
    expect(page.get_by_role("row", name="le code de l'analyse est inconnu")).to_contain_text("4")
    look(page, axe, picture, f"desk-{size['width']}")
    page.get_by_role("link", name="Dites ce qu’ils signifient").click()
    look(page, axe, picture, f"transcoding-{size['width']}")
    page.get_by_label("Ce que signifie CV19-A").select_option("94500-6")
    page.get_by_role("button", name="Traduire").first.click()
    expect(page.get_by_text("4 messages refusés seront jugés de nouveau")).to_be_visible()
    assert again.judge_waiting(intake=intake_of(), now=datetime.now(UTC)) == 4
    settle()
    page.get_by_role("link", name="À corriger").click()
    expect(page.get_by_role("row", name="le code de l'analyse est inconnu")).to_have_count(0)
    page.get_by_role("link", name="Le résultat n'est ni positif, ni négatif").click()
    axe(page)
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("PAT-TROIS")).to_have_count(0)
    look(page, axe, picture, f"refused-message-{size['width']}")
    page.get_by_role("button", name="Montrer le message en clair").click()
    expect(page.get_by_text("PAT-TROIS")).to_have_count(0)
    page.get_by_text("Retrouver le dossier pour le corriger").click()
    page.get_by_role("button", name="Montrer le message en clair").click()
    expect(page.get_by_text("PAT-TROIS")).to_have_count(1)
    look(page, axe, picture, f"refused-message-open-{size['width']}")


def look(page, axe, picture, name):
    axe(page)
    picture(page, name)


def test_the_operator_sees_who_is_silent(window, live_server, axe, picture):
    now = datetime.now(UTC)
    for days in range(2, 40):
        at = now - timedelta(days=days)
        DailyIntake.objects.create(
            laboratory=SENDER, day=at.date(), accepted=30, held=0, rejected=0, last_at=at,
            to_validation=[], to_reception=[], in_all=[],
        )  # fmt: skip
    watching.watch(now=now)
    page = enter(window(), operator(), live_server.url)
    page.goto(f"{live_server.url}/laboratoire/silences/")
    axe(page)
    picture(page, "silences")
    page.get_by_role("link", name=SENDER).click()
    expect(page.get_by_text("La plateforme ne reçoit plus rien")).to_be_visible()
    axe(page)
    picture(page, "desk-silent")
