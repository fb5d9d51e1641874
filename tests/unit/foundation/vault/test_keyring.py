"""The key store: made once by whoever comes first, closed to others, and gone for ever when destroyed."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from rempart.foundation.vault import (
    KeyDestroyed,
    Keyring,
    LocalKey,
    ProviderRefused,
    ProviderUnavailable,
    Purpose,
    Wrapped,
)

DAY = date(2027, 2, 18)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys"


class Silent(LocalKey):
    """A provider that does not answer."""

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        raise ProviderUnavailable("the HSM does not answer")

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        raise ProviderUnavailable("the HSM does not answer")


def test_a_key_is_the_same_for_everybody_who_asks(root: Path) -> None:
    key = Keyring(root).data_key(Purpose.IDENTITY, DAY)
    assert len(key) == 32
    assert Keyring(root).data_key(Purpose.IDENTITY, DAY) == key
    assert Keyring(root).existing_data_key(Purpose.IDENTITY, DAY) == key


def test_every_purpose_day_period_and_secret_has_its_own(root: Path) -> None:
    ring = Keyring(root)
    keys = [
        *(ring.data_key(purpose, DAY) for purpose in Purpose),
        ring.data_key(Purpose.IDENTITY, DAY + timedelta(days=1)),
        ring.index_key("2026H2"),
        ring.index_key("2027H1"),
        ring.secret("facts"),
        ring.secret("django"),
    ]
    assert len(set(keys)) == len(keys)


def test_security_files_and_folders_are_closed_to_others(root: Path) -> None:
    ring = Keyring(root)
    ring.data_key(Purpose.CONTACT, DAY)
    ring.index_key("2026H2")
    ring.secret("django")
    ring.store("signing", b"a private key")
    paths = [root, *root.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}


@pytest.mark.parametrize("first", ["secret", "data", "kek"])
def test_security_folders_are_closed_whatever_was_made_first(root: Path, first: str) -> None:
    ring = Keyring(root)
    {
        "secret": lambda: ring.secret("django"),
        "data": lambda: ring.data_key(Purpose.MESSAGE, DAY),
        "kek": lambda: LocalKey(root / "kek").wrap(b"x", name="x"),
    }[first]()
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_security_no_file_holds_a_key_in_clear(root: Path) -> None:
    ring = Keyring(root)
    keys = [ring.data_key(Purpose.IDENTITY, DAY), ring.index_key("2026H2"), ring.secret("django")]
    ring.store("signing", b"a private key")
    kept = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    for secret in [*keys, b"a private key"]:
        assert secret not in kept


def test_nothing_half_made_is_left_behind(root: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="HSM"):
        Keyring(root, Silent(root / "kek")).secret("django")
    assert [path for path in root.rglob("*") if path.is_file()] == []
    assert Keyring(root).secret("django")


def test_many_threads_make_one_key(root: Path) -> None:
    start = threading.Barrier(16)

    def ask() -> bytes:
        start.wait()
        return Keyring(root).data_key(Purpose.IDENTITY, DAY)

    with ThreadPoolExecutor(16) as pool:
        keys = {future.result() for future in [pool.submit(ask) for _ in range(16)]}
    assert len(keys) == 1
    assert not list(root.rglob(".*"))


def _ask(root: Path, start: object, answers: object) -> None:
    start.wait()
    ring = Keyring(root)
    answers.put(
        [ring.secret("django"), ring.data_key(Purpose.CONTACT, DAY), ring.store("signing", os.urandom(9))]
    )


def test_many_processes_that_start_together_make_one_key_of_each(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(6), context.Queue()
    processes = [context.Process(target=_ask, args=(root, start, answers)) for _ in range(6)]
    for process in processes:
        process.start()
    got = [tuple(answers.get(timeout=20)) for _ in processes]
    for process in processes:
        process.join(20)
    assert len(set(got)) == 1


def test_a_document_kept_first_wins(root: Path) -> None:
    assert Keyring(root).load("signing") is None
    assert Keyring(root).store("signing", b"one") == b"one"
    assert Keyring(root).store("signing", b"two") == b"one"
    assert Keyring(root).load("signing") == b"one"


def test_another_key_encryption_key_opens_nothing(root: Path, tmp_path: Path) -> None:
    Keyring(root).data_key(Purpose.IDENTITY, DAY)
    another = LocalKey(tmp_path / "other" / "kek")
    another.wrap(b"x", name="x")
    with pytest.raises(ProviderRefused, match="data/identity/2027-02-18 cannot be unwrapped"):
        Keyring(root, another).data_key(Purpose.IDENTITY, DAY)


def test_a_lost_key_encryption_key_is_not_replaced_in_silence(root: Path) -> None:
    Keyring(root).secret("django")
    (root / "kek").unlink()
    with pytest.raises(PermissionError, match="put it back"):
        Keyring(root).secret("django")
    with pytest.raises(PermissionError, match="put it back"):
        Keyring(root).secret("another")
    assert not (root / "kek").exists()


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 60])
def test_a_damaged_key_file_is_said_by_name(root: Path, damage: bytes) -> None:
    Keyring(root).secret("django")
    (root / "secret" / "django").write_bytes(damage)
    with pytest.raises(PermissionError, match="secret/django"):
        Keyring(root).secret("django")


def test_a_key_moved_under_another_name_does_not_open(root: Path) -> None:
    Keyring(root).data_key(Purpose.IDENTITY, DAY)
    later = root / "data" / "identity" / "2037-01-01"
    (root / "data" / "identity" / "2027-02-18").rename(later)
    with pytest.raises(PermissionError):
        Keyring(root).data_key(Purpose.IDENTITY, date(2037, 1, 1))


def test_expired_keys_are_destroyed_and_no_other(root: Path) -> None:
    ring = Keyring(root)
    for purpose in Purpose:
        for days in (-1, 0, 1):
            ring.data_key(purpose, DAY + timedelta(days=days))
    ring.index_key("2026H2")
    gone = ring.destroy_expired(DAY)
    assert gone == sorted(f"data/{purpose.name.lower()}/2027-02-17" for purpose in Purpose)
    assert ring.destroy_expired(DAY) == []
    for asking in (ring, Keyring(root)):
        with pytest.raises(KeyDestroyed, match="data/contact/2027-02-17"):
            asking.existing_data_key(Purpose.CONTACT, DAY - timedelta(days=1))
        assert asking.existing_data_key(Purpose.CONTACT, DAY)
    assert "index/2026H2" in ring.names()


def test_periods_are_listed_newest_first_and_drafts_left_out(root: Path) -> None:
    ring = Keyring(root)
    for period in ("2026H2", "2025H1", "2027H1"):
        ring.index_key(period)
    (root / "index" / ".2030H1.1234.abcd").write_bytes(b"a draft")
    assert ring.index_periods() == ["2027H1", "2026H2", "2025H1"]
    assert all("." not in name for name in ring.names())


def test_names_tell_no_value(root: Path) -> None:
    ring = Keyring(root)
    ring.secret("django")
    ring.data_key(Purpose.DELIVERY, DAY)
    assert ring.names() == ["data/delivery/2027-02-18", "secret/django"]
