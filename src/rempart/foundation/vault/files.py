"""Files of the key store: written whole or not at all, closed to others, and one lock over them."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FileIdentity = tuple[int, int, int]
_DRAFT = re.compile(r"\..+\.[0-9]+\.[0-9a-f]{8}")


def identity(path: str) -> FileIdentity | None:
    """What changes when a file is destroyed or written again (inode and both its times); None: not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 -- half the time of Path.stat, for every seal that is opened
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def finished(folder: Path) -> Iterator[Path]:
    """The finished files under a folder; drafts begin with a dot."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each closed to everybody else."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def held_together(root: Path) -> Iterator[None]:
    """While a key is being made: others may make keys, nobody destroys or replaces one."""
    with _locked(root, fcntl.LOCK_SH):
        yield


@contextmanager
def held_alone(root: Path) -> Iterator[None]:
    """While keys are replaced or destroyed."""
    with _locked(root, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(root: Path, kind: int) -> Iterator[None]:
    make_folder(root)
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of a file, created whole (mode 0600, synced) or not at all; whoever links first wins."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    with _draft(path, make()) as draft:
        try:
            os.link(draft, path)
        except FileExistsError:
            return path.read_bytes()
        _sync(path.parent)
    return path.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Put other bytes in a file's place, whole or not at all; the time it was made stays."""
    made = path.stat().st_mtime_ns
    with _draft(path, content) as draft:
        os.utime(draft, ns=(made, made))
        draft.replace(path)
        _sync(path.parent)


def destroy(path: Path) -> None:
    """Take a file away for ever, a power cut after it included."""
    path.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(root: Path) -> None:
    """Take away the drafts of processes that were killed; only whoever holds the store alone may."""
    for draft in root.rglob(".*.*.*"):
        if _DRAFT.fullmatch(draft.name):
            draft.unlink(missing_ok=True)
