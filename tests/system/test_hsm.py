"""The PKCS#11 provider over SoftHSM: what real tokens do is asked of a real module, in processes of their own.

A module keeps what it saw when it was loaded; each test therefore asks in new processes, which is also how
the platform meets its token after a restart.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag
from tests.system.conftest import PIN, Token

from rempart.foundation.vault import (
    Keyring,
    KeyStore,
    Pkcs11Settings,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    Purpose,
    StillNeeded,
    Wrapped,
    keyring_of,
)
from rempart.foundation.vault.hsm import HardwareKey
from rempart.foundation.vault.signatures import Held, make_signature_key, signature_key

pytestmark = pytest.mark.system
DAY = date(2027, 2, 18)
KEY = bytes(range(32))


def elsewhere(ask: Callable[..., Any], *arguments: Any) -> Any:
    """What a new process answers; what it raises is raised here."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(ask, arguments)


def _rotate(settings: Pkcs11Settings) -> int:
    return HardwareKey(settings).rotate()


def _versions(settings: Pkcs11Settings) -> tuple[int, ...]:
    return HardwareKey(settings).versions()


def _wrap(settings: Pkcs11Settings, name: str) -> Wrapped:
    return HardwareKey(settings).wrap(KEY, name=name)


def _unwrap(settings: Pkcs11Settings, wrapped: Wrapped, name: str) -> bytes:
    return HardwareKey(settings).unwrap(wrapped, name=name)


def test_a_key_comes_back_after_a_restart(token: Token) -> None:
    assert elsewhere(_versions, token.settings) == ()
    assert elsewhere(_rotate, token.settings) == 1
    wrapped = elsewhere(_wrap, token.settings, "data/identity/2027-02-18")
    assert (wrapped.provider, wrapped.version) == (Provider.PKCS11, 1)
    assert KEY not in wrapped.payload
    assert elsewhere(_unwrap, token.settings, wrapped, "data/identity/2027-02-18") == KEY


def test_a_token_without_a_key_says_how_to_make_one(token: Token) -> None:
    with pytest.raises(ProviderRefused, match=r"has no key rempart-kek-1: `rempart keys rotate` makes it"):
        elsewhere(_wrap, token.settings, "a")


@pytest.mark.parametrize(
    "change",
    [
        lambda wrapped: (wrapped, "data/identity/2037-01-01"),
        lambda wrapped: (replace(wrapped, payload=wrapped.payload[:-1] + b"\0"), "a"),
        lambda wrapped: (replace(wrapped, payload=wrapped.payload[:20]), "a"),
        lambda wrapped: (replace(wrapped, payload=b""), "a"),
    ],
    ids=["another name", "altered", "cut short", "empty"],
)
def test_what_the_token_did_not_wrap_for_this_name_is_refused(token: Token, change: Any) -> None:
    elsewhere(_rotate, token.settings)
    wrapped, name = change(elsewhere(_wrap, token.settings, "a"))
    with pytest.raises(ProviderRefused, match=f"key {name} cannot be unwrapped by token health"):
        elsewhere(_unwrap, token.settings, wrapped, name)


def test_a_version_that_is_not_there_is_said(token: Token) -> None:
    elsewhere(_rotate, token.settings)
    wrapped = replace(elsewhere(_wrap, token.settings, "a"), version=7)
    with pytest.raises(ProviderRefused, match="has no key rempart-kek-7, which wrapped a"):
        elsewhere(_unwrap, token.settings, wrapped, "a")


def _wrong_pin(settings: Pkcs11Settings, pin_file: Path) -> list[str]:
    key, said = HardwareKey(replace(settings, pin="", pin_file=pin_file)), []
    for _ in range(20):  # a token locks its PIN long before
        try:
            key.versions()
        except ProviderRefused as why:
            said.append(str(why))
    pin_file.write_text(PIN)
    return [*said, str(key.versions())]


def test_a_wrong_pin_is_tried_once_and_the_right_one_taken_when_it_comes(
    token: Token, tmp_path: Path
) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text("0000\n")
    *said, versions = elsewhere(_wrong_pin, token.settings, pin_file)
    assert set(said) == {"token health refuses the PIN; it is not tried again until it changes"}
    assert (len(said), versions) == (20, "()")


def test_a_pin_that_cannot_be_read(token: Token, tmp_path: Path) -> None:
    nowhere = replace(token.settings, pin="", pin_file=tmp_path / "nowhere")
    with pytest.raises(ProviderUnavailable, match="holds no PIN that can be read: FileNotFoundError"):
        elsewhere(_versions, nowhere)


def test_a_missing_token_and_a_missing_module(token: Token) -> None:
    with pytest.raises(ProviderUnavailable, match=r"token nobody .* does not answer: NoSuchToken"):
        elsewhere(_versions, replace(token.settings, token="nobody"))
    with pytest.raises(ProviderUnavailable, match=r"/nowhere.so cannot be loaded as a PKCS#11 module"):
        elsewhere(_versions, replace(token.settings, module=Path("/nowhere.so")))


def test_a_token_taken_out_and_put_back(token: Token) -> None:
    elsewhere(_rotate, token.settings)
    wrapped = elsewhere(_wrap, token.settings, "a")
    token.take_out()
    with pytest.raises(ProviderUnavailable):
        elsewhere(_unwrap, token.settings, wrapped, "a")
    token.put_back()
    assert elsewhere(_unwrap, token.settings, wrapped, "a") == KEY


def _restarted(settings: Pkcs11Settings) -> bool:
    """The module is closed and opened again under the provider's feet, as after a restart of the HSM."""
    key = HardwareKey(settings)
    wrapped = key.wrap(KEY, name="a")
    pkcs11.lib(str(settings.module)).reinitialize()
    return key.unwrap(wrapped, name="a") == KEY


def test_a_session_that_ended_is_opened_again(token: Token) -> None:
    elsewhere(_rotate, token.settings)
    assert elsewhere(_restarted, token.settings)


def _forked(settings: Pkcs11Settings) -> bool:
    key = HardwareKey(settings)
    wrapped = key.wrap(KEY, name="a")
    child = os.fork()
    if child == 0:
        os._exit(0 if key.unwrap(wrapped, name="a") == KEY else 1)
    return os.waitpid(child, 0)[1] == 0 and key.unwrap(wrapped, name="a") == KEY


def test_a_forked_process_opens_a_session_of_its_own(token: Token) -> None:
    elsewhere(_rotate, token.settings)
    assert elsewhere(_forked, token.settings)


def _attributes(settings: Pkcs11Settings) -> dict[str, Any]:
    found = {}
    with pkcs11.lib(str(settings.module)).get_token(token_label="health").open(user_pin=PIN) as session:
        key = next(iter(session.get_objects({Attribute.LABEL: "rempart-kek-1"})))
        for attribute in (
            Attribute.EXTRACTABLE,
            Attribute.SENSITIVE,
            Attribute.NEVER_EXTRACTABLE,
            Attribute.WRAP,
        ):
            found[attribute.name] = key[attribute]
        try:
            found["VALUE"] = key[Attribute.VALUE]
        except pkcs11.AttributeSensitive:
            found["VALUE"] = "kept"
        other = session.generate_key(KeyType.AES, 256, capabilities=MechanismFlag.WRAP)
        try:
            found["wrapped out"] = other.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP)
        except pkcs11.PKCS11Error as why:
            found["wrapped out"] = type(why).__name__
    return found


def test_the_key_cannot_leave_the_token(token: Token) -> None:
    elsewhere(_rotate, token.settings)
    assert elsewhere(_attributes, token.settings) == {
        "EXTRACTABLE": False,
        "SENSITIVE": True,
        "NEVER_EXTRACTABLE": True,
        "WRAP": False,
        "VALUE": "kept",
        "wrapped out": "KeyUnextractable",
    }


def _make_extractable(settings: Pkcs11Settings) -> None:
    with (
        pkcs11.lib(str(settings.module))
        .get_token(token_label="health")
        .open(rw=True, user_pin=PIN) as session
    ):
        session.generate_key(
            KeyType.AES,
            256,
            label="rempart-kek-1",
            store=True,
            template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
        )


def test_a_key_that_could_leave_the_token_is_refused(token: Token) -> None:
    elsewhere(_make_extractable, token.settings)
    with pytest.raises(ProviderRefused, match="can leave token health"):
        elsewhere(_wrap, token.settings, "a")


def _from_file_to_token(store: KeyStore) -> list[Any]:
    plain = Keyring(store.root)
    keys = [plain.data_key(purpose, DAY) for purpose in Purpose]
    plain.store("signing", b"a private key" * 99)
    ring = keyring_of(store)
    said = [ring.rotate(), ring.rewrap(), ring.pending()]
    ring.destroy_version(Provider.FILE, 1)
    return [*said, keys]


def _read(store: KeyStore) -> list[Any]:
    ring = keyring_of(store)
    return [[ring.existing_data_key(purpose, DAY) for purpose in Purpose], ring.load("signing")]


def _rotate_again(store: KeyStore) -> list[Any]:
    ring = keyring_of(store)
    ring.rotate()
    try:
        ring.destroy_version(Provider.PKCS11, 1)
    except StillNeeded:
        ring.rewrap()
        ring.destroy_version(Provider.PKCS11, 1)
    return [(version.by, version.keys) for version in ring.status().versions]


def test_from_the_file_to_the_token_and_on_to_its_next_version(token: Token, tmp_path: Path) -> None:
    store = KeyStore(root=tmp_path / "keys", provider=Provider.PKCS11, pkcs11=token.settings)
    made, moved, pending, keys = elsewhere(_from_file_to_token, store)
    assert (made, moved, pending) == ("pkcs11:1", len(Purpose) + 1, [])
    assert not (store.root / "kek").exists()
    assert elsewhere(_read, store) == [keys, b"a private key" * 99]
    assert elsewhere(_rotate_again, store) == [("pkcs11:2", len(Purpose) + 1)]
    assert elsewhere(_versions, token.settings) == (2,)
    assert elsewhere(_read, store) == [keys, b"a private key" * 99]
    with pytest.raises(ProviderRefused, match="is wrapped by pkcs11:2, which is not configured"):
        elsewhere(_read, KeyStore(root=store.root))


def _sign(settings: Pkcs11Settings, name: str) -> tuple[bytes, bytes, bool]:
    """Public key (DER), a signature of KEY (DER), and whether a request made by it holds."""
    store = KeyStore(root=Path("unused"), pkcs11=settings, signing=Provider.PKCS11)
    key = signature_key(make_signature_key(store, name=name), store)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public, key.sign(KEY, ec.ECDSA(hashes.SHA256())), request.is_signature_valid


def _sign_again(settings: Pkcs11Settings, name: str) -> bytes:
    store = KeyStore(root=Path("unused"), pkcs11=settings)
    held = Held(provider=Provider.PKCS11, name=name)
    return signature_key(held, store).sign(KEY, ec.ECDSA(hashes.SHA256()))


def test_a_signature_key_never_leaves_the_token_and_signs_after_a_restart(token: Token) -> None:
    written, signature, request_holds = elsewhere(_sign, token.settings, "rempart-dcc-1")
    public = serialization.load_der_public_key(written)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert request_holds
    for one in (signature, elsewhere(_sign_again, token.settings, "rempart-dcc-1")):
        public.verify(one, KEY, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(ProviderRefused, match="has a key rempart-dcc-1 already"):
        elsewhere(_sign, token.settings, "rempart-dcc-1")
    with pytest.raises(ProviderRefused, match="has 0 keys rempart-dcc-9"):
        elsewhere(_sign_again, token.settings, "rempart-dcc-9")
