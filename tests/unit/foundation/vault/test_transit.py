"""Vault/OpenBao transit, against a stand-in that speaks its protocol over real HTTP (no engine can be had here)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rempart.foundation.vault import (
    KeyDestroyed,
    Keyring,
    KeyStore,
    LocalKey,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    Purpose,
    StillNeeded,
    TransitSettings,
    Wrapped,
    keyring,
    keyring_of,
)
from rempart.foundation.vault.transit import TransitKey
from rempart.simulators.transit import Engine, Key, engine

DAY = date(2027, 2, 18)
KEY = bytes(range(32))


@pytest.fixture
def vault() -> Iterator[Engine]:
    with engine() as running:
        yield running


@pytest.fixture
def settings(vault: Engine) -> TransitSettings:
    return TransitSettings(url=vault.url, token=vault.token, timeout=2)


@pytest.fixture
def transit(settings: TransitSettings) -> TransitKey:
    return TransitKey(settings)


def test_a_key_comes_back(transit: TransitKey) -> None:
    wrapped = transit.wrap(KEY, name="data/identity/2027-02-18")
    assert (wrapped.provider, wrapped.version) == (Provider.TRANSIT, 1)
    assert wrapped.payload.startswith(b"vault:v1:")
    assert transit.unwrap(wrapped, name="data/identity/2027-02-18") == KEY


def test_a_key_opens_under_its_own_name_only(transit: TransitKey) -> None:
    wrapped = transit.wrap(KEY, name="data/identity/2027-02-18")
    with pytest.raises(ProviderRefused, match="did not wrap this key for this name"):
        transit.unwrap(wrapped, name="data/identity/2037-01-01")
    with pytest.raises(ProviderRefused):
        transit.rewrap(wrapped, name="data/identity/2037-01-01")


@pytest.mark.parametrize("damage", [b"", b"vault:v1:", b"vault:v1:AAAA", b"vault:v9:AAAA", b"\xff\xfe"])
def test_damaged_keys_are_refused(transit: TransitKey, damage: bytes) -> None:
    with pytest.raises(ProviderRefused):
        transit.unwrap(Wrapped(provider=Provider.TRANSIT, version=1, payload=damage), name="a")


def test_after_a_rotation_old_and_new_open_and_a_rewrap_moves_on(vault: Engine, transit: TransitKey) -> None:
    old = transit.wrap(KEY, name="a")
    assert transit.rotate() == 2
    assert transit.versions() == (1, 2)
    assert transit.wrap(KEY, name="b").version == 2
    assert transit.unwrap(old, name="a") == KEY
    moved = transit.rewrap(old, name="a")
    assert moved.payload.startswith(b"vault:v2:")
    assert "POST /v1/transit/rewrap/rempart" in vault.asked
    assert transit.unwrap(moved, name="a") == KEY


def test_a_trimmed_version_is_gone_for_ever(vault: Engine, transit: TransitKey) -> None:
    old = transit.wrap(KEY, name="a")
    transit.rotate()
    transit.rotate()
    moved = transit.rewrap(old, name="a")
    transit.destroy(2)
    assert transit.versions() == (3,)
    assert list(vault.keys["rempart"].secrets_) == [3]
    with pytest.raises(ProviderRefused, match="the version that did is gone"):
        transit.unwrap(old, name="a")
    assert transit.unwrap(moved, name="a") == KEY
    transit.rotate()
    transit.destroy(3)
    assert transit.versions() == (4,)


def test_a_sealed_engine_is_unavailable_not_a_refusal(vault: Engine, transit: TransitKey) -> None:
    wrapped = transit.wrap(KEY, name="a")
    vault.sealed = True
    for ask in (
        lambda: transit.wrap(KEY, name="a"),
        lambda: transit.unwrap(wrapped, name="a"),
        lambda: transit.rewrap(wrapped, name="a"),
        transit.versions,
        transit.rotate,
        lambda: transit.destroy(1),
    ):
        with pytest.raises(ProviderUnavailable, match="Is it sealed"):
            ask()
    vault.sealed = False
    assert transit.unwrap(wrapped, name="a") == KEY


def test_a_refused_token_says_what_to_do_and_is_not_repeated(settings: TransitSettings) -> None:
    wrong = replace(settings, token="s.this-is-no-good")
    with pytest.raises(ProviderRefused, match="refuses the token: renew it") as refused:
        TransitKey(wrong).wrap(KEY, name="a")
    assert "no-good" not in str(refused.value)
    assert "no-good" not in repr(wrong)


def test_a_token_file_is_read_each_time(vault: Engine, settings: TransitSettings, tmp_path: Path) -> None:
    file = tmp_path / "token"
    transit = TransitKey(replace(settings, token="", token_file=file))
    with pytest.raises(ProviderUnavailable, match="holds no token"):
        transit.wrap(KEY, name="a")
    file.write_text("s.old\n")
    with pytest.raises(ProviderRefused):
        transit.wrap(KEY, name="a")
    file.write_text(f"{vault.token}\n")
    assert transit.unwrap(transit.wrap(KEY, name="a"), name="a") == KEY
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ProviderUnavailable, match="UnicodeDecodeError"):
        transit.wrap(KEY, name="a")


def test_nobody_listens(settings: TransitSettings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = replace(settings, url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ProviderUnavailable, match="does not answer: ConnectionError"):
            TransitKey(nobody).versions()


def test_an_engine_that_never_answers_is_given_up(settings: TransitSettings) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        silent = replace(settings, url=f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.2)
        with pytest.raises(ProviderUnavailable, match="does not answer: ReadTimeout"):
            TransitKey(silent).versions()


def test_an_address_that_would_carry_keys_in_clear_is_refused(settings: TransitSettings) -> None:
    with pytest.raises(ProviderRefused, match="https://"):
        TransitKey(replace(settings, url="http://vault.example:8200"))
    TransitKey(replace(settings, url="https://vault.example:8200"))


def test_a_missing_key_says_how_to_make_it(settings: TransitSettings) -> None:
    with pytest.raises(ProviderRefused, match=r"bao write -f transit/keys/other .*derived=true"):
        TransitKey(replace(settings, key="other")).wrap(KEY, name="a")


@pytest.mark.parametrize("unfit", [Key(derived=False), Key(exportable=True)])
def test_a_key_that_binds_no_name_or_may_leave_is_refused(
    vault: Engine, transit: TransitKey, unfit: Key
) -> None:
    vault.keys["rempart"] = unfit
    with pytest.raises(ProviderRefused, match="must be derived and not exportable"):
        transit.wrap(KEY, name="a")


@pytest.mark.parametrize(
    "said", [{}, {"data": None}, {"data": {"ciphertext": "hello", "plaintext": "?", "latest_version": "x"}}]
)
def test_answers_of_something_else_are_unavailable(
    vault: Engine, transit: TransitKey, monkeypatch: pytest.MonkeyPatch, said: dict[str, object]
) -> None:
    wrapped = transit.wrap(KEY, name="a")
    monkeypatch.setattr(Engine, "answer", lambda *_: (200, said))
    for ask in (
        lambda: transit.wrap(KEY, name="a"),
        lambda: transit.unwrap(wrapped, name="a"),
        lambda: transit.rewrap(wrapped, name="a"),
        transit.versions,
    ):
        with pytest.raises(ProviderUnavailable, match="answers what no transit engine does"):
            ask()


# behind a keyring


@pytest.fixture
def store(tmp_path: Path, settings: TransitSettings) -> KeyStore:
    return KeyStore(root=tmp_path / "keys", provider=Provider.TRANSIT, transit=settings)


def test_a_remembered_key_serves_while_the_engine_is_sealed(
    vault: Engine, store: KeyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(keyring.time, "monotonic", lambda: clock[0])
    ring = keyring_of(store)
    key = ring.data_key(Purpose.IDENTITY, DAY)
    vault.sealed = True
    asked = len(vault.asked)
    clock[0] += 59
    assert ring.data_key(Purpose.IDENTITY, DAY) == key
    assert len(vault.asked) == asked
    clock[0] += 2
    with caplog.at_level(logging.WARNING):
        assert ring.existing_data_key(Purpose.IDENTITY, DAY) == key
    assert "Is it sealed, or starting?; key data/identity/2027-02-18 goes on from memory" in caplog.text
    assert len(vault.asked) == asked + 1
    assert ring.existing_data_key(Purpose.IDENTITY, DAY) == key
    assert len(vault.asked) == asked + 1  # not asked at every use
    with pytest.raises(ProviderUnavailable):
        ring.data_key(Purpose.CONTACT, DAY)  # never seen before
    clock[0] = 1000 + 15 * 60 + 1
    with pytest.raises(ProviderUnavailable):
        ring.existing_data_key(Purpose.IDENTITY, DAY)
    vault.sealed = False
    assert ring.existing_data_key(Purpose.IDENTITY, DAY) == key


def test_a_key_destroyed_meanwhile_does_not_serve_from_memory(vault: Engine, store: KeyStore) -> None:
    ring = keyring_of(store)
    ring.data_key(Purpose.IDENTITY, DAY)
    vault.sealed = True
    Keyring(store.root).destroy_expired(date(2028, 1, 1))
    with pytest.raises(KeyDestroyed):
        ring.existing_data_key(Purpose.IDENTITY, DAY)


def test_a_refused_token_is_no_reason_to_go_on_from_memory(
    vault: Engine, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(keyring.time, "monotonic", lambda: clock[0])
    ring = keyring_of(store)
    ring.data_key(Purpose.IDENTITY, DAY)
    vault.token = "s.revoked"
    clock[0] += 61
    with pytest.raises(ProviderRefused):
        ring.existing_data_key(Purpose.IDENTITY, DAY)


def test_from_the_file_to_the_engine_and_nothing_is_left_behind(store: KeyStore, vault: Engine) -> None:
    before = Keyring(store.root)
    keys = {purpose: before.data_key(purpose, DAY) for purpose in Purpose}
    before.store("signing", b"a private key of any length" * 20)
    ring = keyring_of(store)
    assert ring.data_key(Purpose.IDENTITY, DAY) == keys[Purpose.IDENTITY]
    assert len(ring.pending()) == len(keys) + 1
    with pytest.raises(StillNeeded, match=r"keys are wrapped by file:1 .*rewrap first"):
        ring.destroy_version(Provider.FILE, 1)
    assert ring.rewrap() == len(keys) + 1
    assert ring.pending() == []
    ring.destroy_version(Provider.FILE, 1)
    assert not (store.root / "kek").exists()
    fresh = Keyring(store.root, TransitKey(store.transit))
    assert {purpose: fresh.existing_data_key(purpose, DAY) for purpose in Purpose} == keys
    assert fresh.load("signing") == b"a private key of any length" * 20
    with pytest.raises(ProviderRefused, match="is wrapped by transit:1, which is not configured"):
        Keyring(store.root).existing_data_key(Purpose.IDENTITY, DAY)


def test_back_from_the_engine_to_a_file(store: KeyStore) -> None:
    key = keyring_of(store).data_key(Purpose.IDENTITY, DAY)
    back = keyring_of(replace(store, provider=Provider.FILE))
    (store.root / "kek").write_bytes(KEY)  # made by the operator, or restored
    assert back.rewrap() == 1
    assert Keyring(store.root).existing_data_key(Purpose.IDENTITY, DAY) == key


def test_trimming_asks_for_every_earlier_version(store: KeyStore, vault: Engine) -> None:
    ring = keyring_of(store)
    ring.data_key(Purpose.IDENTITY, DAY)
    assert ring.rotate() == "transit:2"
    assert ring.rotate() == "transit:3"
    with pytest.raises(StillNeeded, match="transit:1, 2"):
        ring.destroy_version(Provider.TRANSIT, 2)  # nothing is wrapped by 2, but 1 would go with it
    ring.rewrap()
    ring.destroy_version(Provider.TRANSIT, 2)
    assert keyring_of(replace(store, provider=Provider.TRANSIT)).status().trouble == ""
    assert list(vault.keys["rempart"].secrets_) == [3]


def test_status_says_why_the_engine_does_not_answer(store: KeyStore, vault: Engine) -> None:
    ring = keyring_of(store)
    ring.data_key(Purpose.IDENTITY, DAY)
    vault.sealed = True
    status = ring.status()
    assert "Is it sealed" in status.trouble
    assert [(version.by, version.keys, version.missing) for version in status.versions] == [
        ("transit:1", 1, False)
    ]


def test_a_provider_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderRefused, match="the key provider is transit, but its settings are missing"):
        keyring_of(KeyStore(root=tmp_path, provider=Provider.TRANSIT))


def test_a_key_is_not_moved_when_the_engine_does_not_give_it_back(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Keyring(store.root)
    key = local.data_key(Purpose.IDENTITY, DAY)
    ring = keyring_of(store)
    monkeypatch.setattr(TransitKey, "unwrap", lambda *_, **__: b"another key")
    with pytest.raises(ProviderRefused, match="does not give back what it wrapped; not replaced"):
        ring.rewrap()
    assert Keyring(store.root, LocalKey(store.root / "kek")).existing_data_key(Purpose.IDENTITY, DAY) == key
