"""The communication team sees how messages get on; somebody who received one refuses more."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.functional.accounts import account

from rempart.foundation.access.actor import Role
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.messaging import refusals
from rempart.foundation.messaging.models import Message, Refusal
from rempart.foundation.vault import KeyStore, keyring_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")


@pytest.fixture
def a_day():
    """Some hundred messages of a day, with what went wrong."""
    now, chance = datetime.now(UTC), random.Random(5)
    ends = [
        ("taken", "sms", ""),
        ("delivered", "sms", ""),
        ("delivered", "email", ""),
        ("taken", "email", ""),
    ] * 12
    ends += [
        ("failed", "email", "smtp.5.1.1"),
        ("waiting", "post", "smpp.undeliv.027"),
        ("dropped", "sms", "unwanted"),
    ]
    rows = []
    for key in uuid7s(400):
        state, channel, reason = chance.choice(ends)
        at = now - timedelta(minutes=chance.randrange(22 * 60) ** 2 // 1400)
        gone = state in ("taken", "delivered")
        rows.append(
            Message(
                id=key,
                created_at=at,
                channel=channel,
                sealed=b"x",
                expires_on=now.date() + timedelta(days=9),
                state=state,
                reason=reason,
                wanted_at=at - timedelta(days=state == "waiting"),
                due_at=at,
                taken_at=at if gone else None,
            )
        )
    Message.objects.bulk_create(rows)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_how_messages_get_on_is_seen_at_a_glance(size, window, live_server, a_day, axe, picture):
    page = enter(window(size), account(Role.COMMUNICATION, name="Agent de communication"), live_server.url)
    page.goto(f"{live_server.url}/messages/")
    expect(page.get_by_role("heading", name="messages sont en retard")).to_be_visible()
    expect(page.get_by_role("row", name="smpp.undeliv.027")).to_contain_text("En attente")
    axe(page)
    picture(page, f"letters-{size['width']}")


def test_more_messages_are_refused_in_two_steps(window, live_server, axe, picture, settings):
    token = refusals.token_of("a@example.org", keyring=keyring_of(settings.KEY_STORE))
    page = window(PHONE)
    page.goto(f"{live_server.url}/messages/arret/{token}/")
    axe(page)
    picture(page, "letters-stop")
    page.get_by_role("button", name="Ne plus m’écrire à cette adresse").click()
    expect(page.get_by_role("heading", name="C’est noté")).to_be_visible()
    assert Refusal.objects.count() == 1


def test_the_officer_notes_a_refusal(window, live_server, axe, picture):
    page = enter(window(DESKTOP), account(Role.DATA_PROTECTION, name="Déléguée"), live_server.url)
    page.goto(f"{live_server.url}/droits/demandes/")
    page.get_by_role("link", name="Noter un refus de messages").click()
    page.get_by_label("SMS").check(force=True)
    page.get_by_label("Numéro de mobile").fill("01 23 45 67 89")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("n’est pas celui d’un mobile")).to_be_visible()
    axe(page)
    picture(page, "letters-refusal")
    page.get_by_label("Numéro de mobile").fill("06 39 98 00 01")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Le refus est noté.")).to_be_visible()
