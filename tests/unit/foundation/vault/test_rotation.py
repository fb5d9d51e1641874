"""Rotation without downtime: versions, re-wrap, and what cannot go while it is needed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from rempart.foundation.vault import (
    KeyDestroyed,
    Keyring,
    LocalKey,
    Provider,
    ProviderRefused,
    Purpose,
    StillNeeded,
    Wrapped,
    files,
)

DAY = date(2027, 2, 18)
DAYS = [DAY + timedelta(days=n) for n in range(40)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def everything(root: Path) -> dict[str, bytes]:
    """Every key of the store, as a process that starts now reads it."""
    ring = Keyring(root)
    return {
        **{f"data/{day}": ring.existing_data_key(Purpose.IDENTITY, day) for day in DAYS},
        "index": ring.index_key("2026H2"),
        "secret": ring.secret("facts"),
        "document": ring.load("signing") or b"",
    }


@pytest.fixture
def keys(root: Path) -> dict[str, bytes]:
    ring = Keyring(root)
    for day in DAYS:
        ring.data_key(Purpose.IDENTITY, day)
    ring.store("signing", b"a private key")
    return everything(root)


def test_a_new_version_wraps_what_is_new_and_the_old_opens_what_is_old(
    root: Path, keys: dict[str, bytes]
) -> None:
    ring = Keyring(root)
    assert ring.rotate() == "file:2"
    Keyring(root).secret("new")
    wrapped = {(w.by, name) for name, w in ring._wrapped() if name in ("secret/new", "secret/facts")}
    assert wrapped == {("file:2", "secret/new"), ("file:1", "secret/facts")}
    assert everything(root) == keys
    assert len(ring.pending()) == len(keys)


def test_the_first_rotation_of_an_empty_store_makes_the_first_version(root: Path) -> None:
    assert Keyring(root).rotate() == "file:1"
    assert [path.name for path in root.iterdir()] == ["kek"]


def test_after_a_rewrap_the_old_version_may_go(root: Path, keys: dict[str, bytes]) -> None:
    ring = Keyring(root)
    ring.rotate()
    with pytest.raises(StillNeeded, match=r"43 keys are wrapped by file:1 .*rewrap first"):
        ring.destroy_version(Provider.FILE, 1)
    assert ring.rewrap() == len(keys)
    assert ring.rewrap() == 0
    with pytest.raises(StillNeeded, match="file:2 wraps new keys: rotate first"):
        ring.destroy_version(Provider.FILE, 2)
    ring.destroy_version(Provider.FILE, 1)
    assert not (root / "kek").exists()
    assert everything(root) == keys
    with pytest.raises(ProviderRefused, match="file has no version 1: 2"):
        ring.destroy_version(Provider.FILE, 1)
    with pytest.raises(ProviderRefused, match="transit is not configured"):
        ring.destroy_version(Provider.TRANSIT, 1)


def test_an_old_copy_of_the_store_is_noise_without_the_version_that_wrapped_it(
    root: Path, keys: dict[str, bytes], tmp_path: Path
) -> None:
    copy = tmp_path / "copy" / "data" / "identity" / DAY.isoformat()
    files.make_folder(copy.parent)
    copy.write_bytes((root / "data" / "identity" / DAY.isoformat()).read_bytes())
    ring = Keyring(root)
    ring.destroy_expired(DAY + timedelta(days=1))
    ring.rotate()
    ring.rewrap()
    ring.destroy_version(Provider.FILE, 1)
    with pytest.raises(ProviderRefused, match="kek is missing"):
        Keyring(copy.parents[2], LocalKey(root / "kek")).existing_data_key(Purpose.IDENTITY, DAY)


def test_a_version_that_is_lost_is_not_made_anew_under_its_number(root: Path, keys: dict[str, bytes]) -> None:
    ring = Keyring(root)
    ring.rotate()
    ring.rewrap()
    lost = (root / "kek-2").read_bytes()
    (root / "kek-2").unlink()
    with pytest.raises(ProviderRefused, match="file:2 is missing, but keys that it wrapped are there"):
        ring.rotate()
    assert [v.by for v in ring.status().versions if v.missing] == ["file:2"]
    (root / "kek-2").write_bytes(lost)
    assert everything(root) == keys


def test_a_key_moved_to_another_version_keeps_the_day_it_was_made(root: Path, keys: dict[str, bytes]) -> None:
    made = root / "secret" / "facts"
    os.utime(made, (1_600_000_000, 1_600_000_000))
    ring = Keyring(root)
    ring.rotate()
    ring.rewrap()
    assert ring.status().kind("secret").oldest == date(2020, 9, 13)


@pytest.mark.parametrize(
    "header", [b"rempart:hsm:1\n", b"rempart:file:0\n", b"rempart:file:x\n", b"rempart:file:2", b"rempart:"]
)
def test_a_header_that_is_not_ours_is_said_by_name(root: Path, keys: dict[str, bytes], header: bytes) -> None:
    (root / "secret" / "facts").write_bytes(header + b"\0" * 60)
    with pytest.raises(ProviderRefused, match="key secret/facts: its file is damaged, or of a later version"):
        Keyring(root).secret("facts")


def test_a_wrapped_key_written_by_another_version_cannot_pass_for_ours(
    root: Path, keys: dict[str, bytes]
) -> None:
    ring = Keyring(root)
    ring.rotate()
    old = (root / "secret" / "facts").read_bytes()
    (root / "secret" / "facts").write_bytes(b"rempart:file:2\n" + old)
    with pytest.raises(ProviderRefused, match=r"secret/facts cannot be unwrapped by .*kek-2"):
        ring.secret("facts")


def test_the_first_version_writes_as_it_always_did(root: Path) -> None:
    Keyring(root).secret("facts")
    assert len((root / "secret" / "facts").read_bytes()) == 12 + 32 + 16
    written = (root / "secret" / "facts").read_bytes()
    assert Wrapped.parse(written, name="secret/facts").by == "file:1"


# while others work


def _work(root: Path, stop: Any, answers: Any) -> None:
    """A process that goes on as the platform does: opens old keys, makes new ones, remembers them."""
    ring, rounds, seen = Keyring(root), 0, {}
    try:
        while not stop.is_set() or rounds == 0:
            for day in DAYS:
                key = ring.existing_data_key(Purpose.IDENTITY, day)
                if seen.setdefault(day, key) != key:
                    raise AssertionError(day)
            made = ring.data_key(Purpose.CONTACT, DAY + timedelta(days=rounds % 300))
            if Keyring(root).existing_data_key(Purpose.CONTACT, DAY + timedelta(days=rounds % 300)) != made:
                raise AssertionError("made twice")
            rounds += 1
        answers.put(rounds)
    except BaseException as why:
        answers.put(repr(why))


def test_others_go_on_while_versions_come_and_go(root: Path, keys: dict[str, bytes]) -> None:
    context = multiprocessing.get_context("fork")
    stop, answers = context.Event(), context.Queue()
    workers = [context.Process(target=_work, args=(root, stop, answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    ring = Keyring(root)
    try:
        for version in range(2, 6):
            assert ring.rotate() == f"file:{version}"
            ring.rewrap()
            for _ in range(20):  # a key that was being made may still be wrapped by the version before
                try:
                    ring.destroy_version(Provider.FILE, version - 1)
                    break
                except StillNeeded:
                    ring.rewrap()
            assert ring._encryption.versions() == (version,)
    finally:
        stop.set()
        worked = [answers.get(timeout=30) for _ in workers]
        for worker in workers:
            worker.join(30)
    assert all(isinstance(rounds, int) for rounds in worked), worked
    assert everything(root) == keys


def _rewrap_slowly(root: Path, begun: Any) -> None:
    write = files.replace

    def slow(path: Path, content: bytes) -> None:
        begun.set()
        time.sleep(0.005)
        write(path, content)

    files.replace = slow
    Keyring(root).rewrap()


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1])
def test_kill_9_half_way_leaves_every_key_readable(root: Path, keys: dict[str, bytes], after: float) -> None:
    Keyring(root).rotate()
    context = multiprocessing.get_context("fork")
    begun = context.Event()
    process = context.Process(target=_rewrap_slowly, args=(root, begun))
    process.start()
    assert begun.wait(20)
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    left = len(Keyring(root).pending())
    assert 0 < left <= len(keys)
    assert everything(root) == keys
    assert Keyring(root).rewrap() == left
    assert everything(root) == keys
    assert not list(root.rglob(".*"))


def test_a_key_destroyed_during_its_rewrap_does_not_come_back(
    root: Path, keys: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, other = Keyring(root), Keyring(root)
    ring.rotate()
    wrap = LocalKey.wrap

    def destroyed_meanwhile(self: LocalKey, key: bytes, *, name: str) -> Wrapped:
        other.destroy_expired(DAY + timedelta(days=1))
        return wrap(self, key, name=name)

    monkeypatch.setattr(LocalKey, "wrap", destroyed_meanwhile)
    ring.rewrap()
    assert f"data/identity/{DAY}" not in ring.names()
    with pytest.raises(KeyDestroyed):
        ring.existing_data_key(Purpose.IDENTITY, DAY)


def test_a_draft_left_by_a_killed_process_goes_with_the_key(root: Path, keys: dict[str, bytes]) -> None:
    key = root / "data" / "identity" / DAY.isoformat()
    draft = key.with_name(f".{key.name}.4711.0a1b2c3d")
    draft.write_bytes(key.read_bytes())
    Keyring(root).destroy_expired(DAY + timedelta(days=1))
    assert not draft.exists()


def test_a_key_read_just_before_its_version_went_is_read_again(
    root: Path, keys: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    unwrap, other = LocalKey.unwrap, Keyring(root)
    rotated = threading.Event()

    def late(self: LocalKey, wrapped: Wrapped, *, name: str) -> bytes:
        if not rotated.is_set():
            rotated.set()
            other.rotate()
            other.rewrap()
            other.destroy_version(Provider.FILE, 1)
        return unwrap(self, wrapped, name=name)

    monkeypatch.setattr(LocalKey, "unwrap", late)
    assert Keyring(root).secret("facts") == keys["secret"]


def test_a_destroyed_key_is_gone_in_every_process_at_once(root: Path, keys: dict[str, bytes]) -> None:
    remembers = Keyring(root)
    remembers.existing_data_key(Purpose.IDENTITY, DAY)
    Keyring(root).destroy_expired(DAY + timedelta(days=1))
    with pytest.raises(KeyDestroyed):
        remembers.existing_data_key(Purpose.IDENTITY, DAY)


def test_a_key_made_again_under_a_destroyed_name_is_not_the_remembered_one(
    root: Path, keys: dict[str, bytes]
) -> None:
    remembers = Keyring(root)
    before = remembers.existing_data_key(Purpose.IDENTITY, DAY)
    other = Keyring(root)
    other.destroy_expired(DAY + timedelta(days=1))
    again = other.data_key(Purpose.IDENTITY, DAY)
    assert again != before
    assert remembers.existing_data_key(Purpose.IDENTITY, DAY) == again


# index keys


def test_index_periods_go_when_they_ended_before_the_day(root: Path) -> None:
    ring = Keyring(root)
    for period in ("2025H2", "2026H1", "2026H1-2", "2026H2"):
        ring.index_key(period)
    assert ring.destroy_index_periods(before=date(2026, 6, 30)) == ["index/2025H2"]
    assert ring.destroy_index_periods(before=date(2026, 7, 1)) == ["index/2026H1", "index/2026H1-2"]
    assert ring.index_periods() == ["2026H2"]


def test_an_index_key_is_replaced_early(root: Path) -> None:
    ring = Keyring(root)
    today = date(2026, 9, 1)
    assert ring.renew_index(today) == "2026H2-2"
    assert ring.renew_index(today) == "2026H2-3"
    assert ring.index_period(today) == "2026H2-3"
    assert ring.index_period(date(2027, 1, 1)) == "2027H1"
    assert len({ring.index_key(period) for period in ring.index_periods()}) == 3
    ring.destroy_index_key("2026H2")
    assert ring.index_periods() == ["2026H2-3", "2026H2-2"]
    with pytest.raises(StillNeeded, match="2026H2-3 is the newest"):
        ring.destroy_index_key("2026H2-3")
    with pytest.raises(ValueError, match="no period"):
        ring.destroy_index_key("../data/identity")


# what the operator sees


def test_the_state_of_a_store(root: Path, keys: dict[str, bytes]) -> None:
    ring = Keyring(root)
    ring.rotate()
    ring.secret("new")
    (root / "data" / "identity" / "2027-02-18~").write_bytes(b"an editor's copy")
    (root / "index" / "old").write_bytes(b"?")
    status = ring.status()
    data = status.kind("data")
    assert (data.count, data.oldest, data.newest) == (40, DAY, DAYS[-1])
    assert (status.kind("index").oldest, status.kind("document").count) == (date(2026, 7, 1), 1)
    assert [(v.by, v.keys, v.wraps, v.missing) for v in status.versions] == [
        ("file:1", 43, False, False),
        ("file:2", 1, True, False),
    ]
    assert (status.provider, status.pending, status.trouble) == (Provider.FILE, 43, "")
    assert status.strangers == ("data/identity/2027-02-18~", "index/old")


def test_the_state_of_an_empty_store(root: Path) -> None:
    status = Keyring(root).status()
    assert {kind.kind: (kind.count, kind.oldest) for kind in status.kinds} == {
        "data": (0, None), "index": (0, None), "secret": (0, None), "document": (0, None),
    }  # fmt: skip
    assert (status.versions, status.pending) == ((), 0)


def test_a_stranger_stops_no_destruction(root: Path, keys: dict[str, bytes]) -> None:
    (root / "data" / "identity" / "README").write_bytes(b"not a day")
    assert Keyring(root).destroy_expired(DAY + timedelta(days=1)) == [f"data/identity/{DAY}"]
