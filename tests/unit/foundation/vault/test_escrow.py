"""Escrow: the key-encryption key lost, and brought back by enough custodians; never by fewer, never what was destroyed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from rempart.foundation.vault import (
    KeyDestroyed,
    Keyring,
    LocalKey,
    Provider,
    ProviderRefused,
    Purpose,
    escrow,
)
from rempart.foundation.vault.escrow import Custodian, EscrowError

DAY = date(2027, 2, 18)
NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
KEYS = {1: bytes(range(32)), 3: bytes(range(32, 64))}
PRIVATE = [X25519PrivateKey.generate() for _ in range(5)]
CUSTODIANS = [Custodian(name=f"custodian {n}", public=key.public_key()) for n, key in enumerate(PRIVATE)]


@pytest.mark.parametrize(("needed", "of"), [(2, 2), (2, 3), (3, 5), (5, 5)])
def test_so_many_bring_it_back_whoever_they_are_and_one_fewer_does_not(needed: int, of: int) -> None:
    package = escrow.make_package(KEYS, CUSTODIANS[:of], needed=needed, now=NOW)
    for present in combinations(PRIVATE[:of], needed):
        assert escrow.open_package(package, present) == KEYS
    for present in combinations(PRIVATE[:of], needed - 1):
        with pytest.raises(
            EscrowError, match=f"{needed - 1} of its custodians are here, {needed} are needed"
        ):
            escrow.open_package(package, present)
    assert escrow.open_package(package, PRIVATE) == KEYS


def test_one_custodian_twice_is_one() -> None:
    package = escrow.make_package(KEYS, CUSTODIANS[:3], needed=2, now=NOW)
    with pytest.raises(EscrowError, match="1 of its custodians are here"):
        escrow.open_package(package, [PRIVATE[0], PRIVATE[0], PRIVATE[4]])


def test_no_share_and_no_key_lies_in_clear() -> None:
    package = escrow.make_package(KEYS, CUSTODIANS[:3], needed=2, now=NOW)
    for value in KEYS.values():
        assert value.hex() not in package.decode()
        assert value not in package
    assert json.loads(package)["versions"].keys() == {"1", "3"}


@pytest.mark.parametrize(
    ("custodians", "needed", "why"),
    [
        (CUSTODIANS[:3], 1, "at least two"),
        (CUSTODIANS[:3], 4, "4 of 3"),
        ([], 0, "at least two"),
        ([CUSTODIANS[0], CUSTODIANS[0]], 2, "the same key"),
        (CUSTODIANS[:1] * 30, 15, "the same key"),
    ],
)
def test_packages_that_cannot_be(custodians: list[Custodian], needed: int, why: str) -> None:
    with pytest.raises(EscrowError, match=why):
        escrow.make_package(KEYS, custodians, needed=needed, now=NOW)


def test_too_many_groups_are_refused() -> None:
    many = [Custodian(name=str(n), public=X25519PrivateKey.generate().public_key()) for n in range(20)]
    with pytest.raises(EscrowError, match="too many groups"):
        escrow.make_package(KEYS, many, needed=10, now=NOW)


def changed(package: bytes, **values: Any) -> bytes:
    return json.dumps({**json.loads(package), **values}).encode()


def test_a_package_that_was_altered_does_not_open() -> None:
    package = escrow.make_package(KEYS, CUSTODIANS[:3], needed=2, now=NOW)
    written = json.loads(package)
    moved = [{**g, "members": g["members"][::-1]} for g in written["groups"]]
    for altered in (
        changed(package, made_at="2030-01-01T00:00:00+00:00"),
        changed(package, needed=1),
        changed(package, sealed=written["sealed"][:-8] + "AAAAAAA="),
        changed(package, sealed=""),
        changed(package, groups=moved),
        changed(package, groups=[{"members": [0, 1], "shares": []}]),
        changed(package, groups=[{}]),
        changed(package, groups=3),
        changed(package, custodians=[{}]),
        changed(package, custodians=None),
        package[:100],
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
    ):
        with pytest.raises(EscrowError, match="damaged"):
            escrow.open_package(altered, PRIVATE[:3])
    with pytest.raises(EscrowError, match="another format"):
        escrow.open_package(changed(package, format="rempart-escrow-9"), PRIVATE[:3])


def test_a_custodians_key_is_kept_under_his_passphrase() -> None:
    private, public = escrow.make_custodian(b"correct horse")
    custodian = escrow.read_custodian("martin", public)
    assert escrow.read_private("martin", private, b"correct horse").public_key() == custodian.public
    assert b"ENCRYPTED" in private
    for passphrase in (b"wrong", b""):
        with pytest.raises(EscrowError, match="martin: no private key, or another passphrase"):
            escrow.read_private("martin", private, passphrase)
    with pytest.raises(EscrowError, match="no public key"):
        escrow.read_custodian("martin", b"hello")


def test_keys_of_another_kind_are_refused() -> None:
    other = Ed25519PrivateKey.generate()
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    with pytest.raises(EscrowError, match="not a custodian's key"):
        escrow.read_custodian("martin", public)
    with pytest.raises(EscrowError, match="not a custodian's key"):
        escrow.read_private("martin", private, b"x")


# the whole way


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "keys"
    ring = Keyring(root)
    for days in range(4):
        ring.data_key(Purpose.IDENTITY, DAY + timedelta(days=days))
    ring.store("signing", b"a private key")
    return root


def deposit(root: Path) -> bytes:
    package = escrow.make_package(escrow.escrowed(LocalKey(root / "kek")), CUSTODIANS[:3], needed=2, now=NOW)
    escrow.note(root, package)
    return package


def test_a_lost_key_comes_back_and_a_destroyed_one_does_not(root: Path) -> None:
    kept = Keyring(root).existing_data_key(Purpose.IDENTITY, DAY + timedelta(days=1))
    package = deposit(root)
    Keyring(root).destroy_expired(DAY + timedelta(days=1))
    (root / "kek").unlink()
    with pytest.raises(ProviderRefused, match="rempart keys escrow recover"):
        Keyring(root).existing_data_key(Purpose.IDENTITY, DAY + timedelta(days=1))
    assert escrow.put_back(LocalKey(root / "kek"), escrow.open_package(package, PRIVATE[1:3])) == [1]
    recovered = Keyring(root)
    assert recovered.existing_data_key(Purpose.IDENTITY, DAY + timedelta(days=1)) == kept
    assert recovered.load("signing") == b"a private key"
    with pytest.raises(KeyDestroyed):
        recovered.existing_data_key(Purpose.IDENTITY, DAY)


def test_why_copies_of_the_key_store_follow_the_retention(root: Path, tmp_path: Path) -> None:
    """An escrowed key and an old copy of the store bring back what was destroyed; without the version, not."""
    package = deposit(root)
    gone = Keyring(root).existing_data_key(Purpose.IDENTITY, DAY)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    Keyring(root).destroy_expired(DAY + timedelta(days=1))
    assert Keyring(copy).existing_data_key(Purpose.IDENTITY, DAY) == gone  # the limit, as it is
    Keyring(copy).destroy_expired(DAY + timedelta(days=1))  # what `rempart keys destroy expired --copy` does
    escrow.put_back(LocalKey(copy / "kek"), escrow.open_package(package, PRIVATE[:2]))
    with pytest.raises(KeyDestroyed):
        Keyring(copy).existing_data_key(Purpose.IDENTITY, DAY)


def test_a_package_of_before_a_rotation_opens_nothing_of_after(root: Path) -> None:
    package = deposit(root)
    ring = Keyring(root)
    ring.rotate()
    ring.rewrap()
    ring.destroy_version(Provider.FILE, 1)
    (root / "kek-2").unlink()
    escrow.put_back(LocalKey(root / "kek"), escrow.open_package(package, PRIVATE[:2]))
    with pytest.raises(ProviderRefused, match="kek-2 is missing"):
        Keyring(root).existing_data_key(Purpose.IDENTITY, DAY)


def test_what_is_there_is_not_replaced(root: Path) -> None:
    package = deposit(root)
    assert escrow.put_back(LocalKey(root / "kek"), escrow.open_package(package, PRIVATE[:2])) == []
    (root / "kek").write_bytes(b"\0" * 32)
    with pytest.raises(EscrowError, match="holds another key: move it aside"):
        escrow.put_back(LocalKey(root / "kek"), escrow.open_package(package, PRIVATE[:2]))
    assert (root / "kek").read_bytes() == b"\0" * 32


def test_the_store_knows_what_its_package_covers(root: Path) -> None:
    key = LocalKey(root / "kek")
    assert escrow.record(root) is None
    deposit(root)
    remembered = escrow.record(root)
    assert remembered is not None
    assert (remembered.needed, remembered.made_at, len(remembered.custodians)) == (2, NOW, 3)
    assert remembered.covers(key, 1)
    Keyring(root).rotate()
    assert not remembered.covers(key, 2)
    (root / "kek").write_bytes(b"\0" * 32)
    assert not remembered.covers(key, 1)
    assert (root / "escrow.json").stat().st_mode & 0o077 == 0
    deposit(root)
    again = escrow.record(root)
    assert again is not None
    assert again.covers(key, 2)
    (root / "escrow.json").write_text("{}")
    with pytest.raises(EscrowError, match=r"escrow\.json is damaged"):
        escrow.record(root)


def test_a_key_that_does_not_leave_its_hsm_is_not_escrowed_here(tmp_path: Path) -> None:
    with pytest.raises(EscrowError, match="by that engine's or that HSM's own means"):
        escrow.escrowed(LocalKey(tmp_path / "kek"))
