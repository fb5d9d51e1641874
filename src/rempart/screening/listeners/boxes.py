"""The folders through which one laboratory hands in files, and what may be done with a file in them.

    <root>/<FINESS>/inbox/     the laboratory puts files here
                    .taken/    being read; nobody else's business
                    done/      read: the file, and its acknowledgement beside it
                    refused/   the same, of files of which nothing was taken

A file is in one folder at any moment: it moves by renaming, which either happened or did not. Nothing here knows
what is in a file.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rempart.foundation.identifiers import finess

UNFINISHED = (".part", ".tmp", ".filepart", ".partial", ".crdownload", ".writing")
"""Endings under which a sender, or what he sends with, writes a file that is not whole yet."""

JSON, ERR = ".ack.json", ".ack.hpr"
"""What stands behind the name of a file in that of its acknowledgement: our own, and HPRIM Santé's."""
_LONGEST_NAME = 200  # bytes: room for the acknowledgement's ending within the 255 of a file system
_PRIVATE = 0o700
_NO_FILE = (errno.ELOOP, errno.ENXIO)  # what opening a link or a socket says


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The folders of one laboratory, by its FINESS number."""

    root: Path
    laboratory: str

    @property
    def home(self) -> Path:
        return self.root / self.laboratory

    @property
    def inbox(self) -> Path:
        return self.home / "inbox"

    @property
    def taken(self) -> Path:
        return self.home / ".taken"

    @property
    def done(self) -> Path:
        return self.home / "done"

    @property
    def refused(self) -> Path:
        return self.home / "refused"

    def make(self) -> None:
        """Make what is missing of the folders, for nobody else's eyes."""
        for folder in (self.root, self.home, self.inbox, self.taken, self.done, self.refused):
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)


def boxes(root: Path) -> Iterator[Box]:
    """The box of every laboratory that has one, by number; a folder that is named otherwise is left alone."""
    for entry in sorted(os.scandir(root), key=lambda one: one.name):
        named = finess.is_valid(entry.name) and entry.name == finess.normalise(entry.name)
        if named and entry.is_dir(follow_symlinks=False):
            yield Box(root=root, laboratory=entry.name)


def waiting(box: Box, *, untouched_since: float) -> list[str]:
    """Files of the inbox that are whole, oldest first: not hidden, not named as unfinished, and last written
    before `untouched_since` (seconds since the epoch)."""
    found = []
    for entry in os.scandir(box.inbox):
        if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # its owner took it back
            continue
        if stat.S_ISREG(status.st_mode) and status.st_mtime <= untouched_since:
            found.append((status.st_mtime_ns, entry.name))
    return [name for _, name in sorted(found)]


def interrupted(box: Box) -> list[str]:
    """What was being read when the reading ended early, oldest first; a link is one, wherever it points."""
    found = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in os.scandir(box.taken)]
    return [name for _, name in sorted(found)]


def take(box: Box, name: str) -> str | None:
    """Take a file out of the inbox; the name it has now, None when its owner was faster.

    A name is cut where the acknowledgement would not fit behind it, and counted up where it is in use.
    """
    kept = free(box.taken, name)
    try:
        (box.inbox / name).rename(box.taken / kept)
    except FileNotFoundError:
        return None
    return kept


def read(box: Box, name: str, *, most: int) -> bytes | None:
    """The bytes of a taken file; None when there are more than `most`, or when it is no plain file."""
    try:
        descriptor = os.open(box.taken / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as why:
        if why.errno in _NO_FILE:
            return None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    return content if len(content) <= most else None


def finish(box: Box, name: str, *, acknowledgement: bytes, refused: bool, ending: str = JSON) -> None:
    """Put a taken file away with its acknowledgement, which is there first: whoever sees the file can read what
    became of it. Half-way through, the file is still taken, and the whole is done again."""
    target = box.refused if refused else box.done
    final = free(target, name)
    write(target / (final + ending), acknowledgement)
    (box.taken / name).rename(target / final)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, on disk when it returns."""
    draft = path.with_name(f".{path.name[:_LONGEST_NAME]}.writing")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb"
    ) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def sweep(box: Box, *, before: float, unfinished_before: float) -> int:
    """Delete what was put away before `before`, and uploads nobody finished; how many files went."""
    gone = 0
    for folder, limit in (
        (box.done, before),
        (box.refused, before),
        (box.inbox, unfinished_before),
    ):
        for entry in os.scandir(folder):
            unfinished = entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED)
            if folder == box.inbox and not unfinished:
                continue
            if not entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_ctime < limit:
                Path(entry.path).unlink(missing_ok=True)
                gone += 1
    return gone


def free(folder: Path, name: str) -> str:
    """The name, cut to what fits, with a number where it is in use."""
    short = os.fsdecode(os.fsencode(name)[:_LONGEST_NAME])
    free, count = short, 1
    while (folder / free).exists() or (folder / free).is_symlink():
        count += 1
        free = f"{short[: _LONGEST_NAME - 12]}-{count}"
    return free
