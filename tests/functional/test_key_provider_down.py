"""The doors while the provider of the keys is out of reach: they say to come back, and lose nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from tests import messages
from tests.functional.doors import HL7

from rempart.foundation.vault import KeyStore, Provider, TransitSettings, keyring_of
from rempart.screening import api
from rempart.simulators.transit import Engine, engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vault(keyring: Any, settings: Any) -> Iterator[Engine]:
    with engine() as running:
        settings.KEY_STORE = KeyStore(
            root=keyring.root,
            provider=Provider.TRANSIT,
            transit=TransitSettings(url=running.url, token=running.token, timeout=2),
        )
        api.intake_of.cache_clear()
        yield running
    keyring_of.cache_clear()


def deliver(client: Client, key: str, content: bytes) -> Any:
    return client.post(
        "/api/v1/deliveries", content, content_type=HL7, headers={"Authorization": f"Bearer {key}"}
    )


def test_a_delivery_is_sent_again_later(
    client: Client, vault: Engine, laboratory_key: str, counts: Any, caplog: Any
) -> None:
    vault.sealed = True
    before = counts()
    refused = deliver(client, laboratory_key, messages.hl7())
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert refused.json()["title"] == "try-again"
    assert "Is it sealed, or starting?" in caplog.text
    assert counts()["screening_message"] == before["screening_message"] == 0
    vault.sealed = False
    assert deliver(client, laboratory_key, messages.hl7()).status_code == 200
    assert counts()["screening_message"] == 1


def test_a_page_says_so(paris_client: Client, case: Any, vault: Engine, settings: Any) -> None:
    address = f"/suivi/dossiers/{case.id}/"
    assert paris_client.get(address).status_code == 200  # what the file wrapped still opens
    keyring_of(settings.KEY_STORE).rewrap()
    vault.sealed = True
    answered = paris_client.get(address)
    assert answered.status_code == 503
    assert "Réessayez dans quelques minutes" in answered.content.decode()
