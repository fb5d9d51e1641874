"""Signature keys in the key store and inside a transit engine (the HSM's are in tests/system)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rempart.foundation.vault import KeyStore, Provider, ProviderRefused, ProviderUnavailable, TransitSettings
from rempart.foundation.vault.signatures import Held, make_signature_key, signature_key
from rempart.simulators.transit import Engine, engine

MESSAGE = b"what is signed"
ALGORITHM = ec.ECDSA(hashes.SHA256())


@pytest.fixture
def vault() -> Iterator[Engine]:
    with engine() as running:
        yield running


@pytest.fixture
def transit(vault: Engine, tmp_path: Path) -> KeyStore:
    settings = TransitSettings(url=vault.url, token=vault.token, timeout=2)
    return KeyStore(root=tmp_path, transit=settings, signing=Provider.TRANSIT)


def signed(store: KeyStore, name: str = "rempart-dcc-1") -> None:
    """The key signs, a request and a certificate can be made by it, and what is kept of it reads back."""
    held = make_signature_key(store, name=name)
    assert Held.read(held.written()) == held
    key = signature_key(Held.read(held.written()), store)
    key.public_key().verify(key.sign(MESSAGE, ALGORITHM), MESSAGE, ALGORITHM)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()


def test_a_key_of_the_store_signs(tmp_path: Path) -> None:
    signed(KeyStore(root=tmp_path))


def test_a_key_of_the_engine_signs(transit: KeyStore, vault: Engine) -> None:
    signed(transit)
    assert "POST /v1/transit/sign/rempart-dcc-1" in vault.asked
    assert make_signature_key(transit, name="rempart-dcc-2").private == b""


def test_a_key_of_the_engine_leaves_by_no_door(transit: KeyStore) -> None:
    key = signature_key(make_signature_key(transit, name="one"), transit)
    for leave in (
        key.private_numbers,
        lambda: key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        lambda: key.exchange(ec.ECDH(), key.public_key()),
    ):
        with pytest.raises(ProviderRefused, match="signs, and does nothing else"):
            leave()
    with pytest.raises(ValueError, match="SHA-256"):
        key.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))


def test_keys_that_could_leave_or_were_rotated_are_refused(transit: KeyStore, vault: Engine) -> None:
    held = make_signature_key(transit, name="one")
    vault.signature_keys["one"].exportable = True
    with pytest.raises(ProviderRefused, match="not exportable"):
        signature_key(held, transit)
    vault.signature_keys["one"].exportable = False
    vault.signature_keys["one"].backed_up = True
    with pytest.raises(ProviderRefused, match="not exportable"):
        signature_key(held, transit)
    vault.signature_keys["one"].backed_up = False
    vault.signature_keys["one"].latest = 2
    with pytest.raises(ProviderRefused, match="never rotated"):
        signature_key(held, transit)


def test_a_missing_key_a_sealed_engine_and_missing_settings(transit: KeyStore, vault: Engine) -> None:
    held = make_signature_key(transit, name="one")
    key = signature_key(held, transit)
    vault.signature_keys.clear()
    with pytest.raises(ProviderRefused):
        key.sign(MESSAGE, ALGORITHM)
    vault.sealed = True
    with pytest.raises(ProviderUnavailable, match="Is it sealed"):
        key.sign(MESSAGE, ALGORITHM)
    with pytest.raises(ProviderRefused, match="with transit, but its settings are missing"):
        signature_key(held, replace(transit, transit=None))
