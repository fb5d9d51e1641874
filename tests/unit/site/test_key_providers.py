"""The key provider, as a deployment chooses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from rempart.foundation.vault import Provider
from rempart.site.configuration import Configuration


def test_the_key_lies_in_a_file_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Configuration(var=Path("/somewhere")).key_store
    assert (store.root, store.provider, store.transit, store.pkcs11) == (
        Path("/somewhere/keys"), Provider.FILE, None, None,
    )  # fmt: skip


def test_both_may_be_given_and_one_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "KEY_PROVIDER": "pkcs11",
        "TRANSIT_URL": "https://bao.example:8200",
        "TRANSIT_TOKEN": "s.secret",
        "TRANSIT_TOKEN_FILE": "/run/bao/token",
        "PKCS11_MODULE": "/usr/lib/hsm.so",
        "PKCS11_TOKEN": "health",
        "PKCS11_PIN": "92731",
    }.items():
        monkeypatch.setenv(f"REMPART_{name}", value)
    store = Configuration().key_store
    assert store.provider is Provider.PKCS11
    assert store.transit is not None
    assert store.transit.token_file == Path("/run/bao/token")
    assert store.pkcs11 is not None
    assert (store.pkcs11.token, store.pkcs11.key) == ("health", "rempart-kek")
    assert "s.secret" not in repr(store)
    assert "92731" not in repr(store)


@pytest.mark.parametrize(
    ("name", "value"), [("KEY_PROVIDER", "hsm"), ("TRANSIT_TIMEOUT", "0"), ("TRANSIT_TIMEOUT", "soon")]
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"REMPART_{name}", value)
    with pytest.raises(ValidationError, match=name.lower().removeprefix("transit_")):
        _ = Configuration().key_store
