"""File locks: who holds them, and what the one who waits for their end does not disturb."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from rempart.foundation.database import locks
from rempart.foundation.database.errors import DatabaseError


def test_shared_until_the_last_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "users"
    assert not locks.shared(path)
    one, two = locks.share(path), locks.share(path)
    os.close(one)
    assert locks.shared(path)
    os.close(two)
    assert not locks.shared(path)


def test_the_one_who_woke_up_is_not_taken_for_a_user(tmp_path: Path) -> None:
    path = tmp_path / "users"
    awake = locks.open_file(path)
    assert locks.try_exclusive(awake)
    assert not locks.shared(path)
    os.close(awake)


def test_await_free_sleeps_until_then(tmp_path: Path) -> None:
    path = tmp_path / "users"
    user = locks.share(path)
    sleeper = threading.Thread(target=locks.await_free, args=(path,))
    sleeper.start()
    sleeper.join(0.1)
    assert sleeper.is_alive()
    os.close(user)
    sleeper.join(5)
    assert not sleeper.is_alive()


def test_exclusive_lets_one_in_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        locks.exclusive(path, wait=1),
        pytest.raises(DatabaseError, match=str(path)),
        locks.exclusive(path, wait=0),
    ):
        pass
    with locks.exclusive(path, wait=0):
        assert path.stat().st_mode & 0o777 == 0o600
