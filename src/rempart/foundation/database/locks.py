"""Advisory locks on files, which the kernel releases however their holder dies.

No count is written anywhere, so that a kill -9 cannot make one wrong. A lock belongs to the open
file: a forked child shares it with its parent, and it is free when both are gone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rempart.foundation.database.errors import DatabaseError

PAUSE = 0.02  # seconds between two attempts


def open_file(path: Path) -> int:
    """Open (or make, mode 0600) a lock file; the descriptor is not inherited by other programs.

    A file made by root belongs to the owner of its folder, so that he may use it later.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


def try_exclusive(fd: int) -> bool:
    """Take the lock for oneself alone; False when somebody else holds it."""
    return _take(fd, fcntl.LOCK_EX)


def _take(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share(path: Path) -> int:
    """Hold the lock together with others; it is held until the descriptor returned is closed."""
    fd = open_file(path)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def shared(path: Path) -> bool:
    """Whether anybody shares the lock at this moment.

    Somebody in `await_free` may hold it for himself for an instant, as soon as nobody shares it; he
    must not be taken for one who does. He holds it once only, hence the second look.
    """
    fd = open_file(path)
    try:
        if _take(fd, fcntl.LOCK_EX) or not _take(fd, fcntl.LOCK_SH):
            return False
        return not _take(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)


def await_free(path: Path) -> None:
    """Sleep until nobody holds the lock; whoever comes later may hold it again at once."""
    fd = open_file(path)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    finally:
        os.close(fd)


@contextmanager
def exclusive(path: Path, *, wait: float) -> Iterator[None]:
    """Hold the lock alone, after at most `wait` seconds; DatabaseError when it stays taken."""
    fd = open_file(path)
    try:
        deadline = time.monotonic() + wait
        while not try_exclusive(fd):
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Another process has held {path} for {wait:.0f} seconds. It starts or stops the database "
                    f"there, or is suspended; `fuser -v {path}` shows which one. Let it finish or end it."
                )
            time.sleep(PAUSE)
        yield
    finally:
        os.close(fd)
