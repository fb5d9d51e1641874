"""A published file: plain, or in a ZIP as it is published; read line by line, within bounds."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 65_536
"""Bytes of one line; the longest published has about 1,500."""

_READ = 1 << 20
_STAMP = re.compile(r"(20[0-9]{6})-?([0-9]{4})?")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises on a damaged, encrypted or exotic archive."""


class Unreadable(Exception):
    """The file cannot be read at all; the message says where, as far as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file to read: at `path`, or the `member` of the archive there."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        return Path(self.member).name or self.path.name

    @property
    def published(self) -> str:
        """When it was made, as names of published files say it: "2026-05-12 0339"; "" where they do not."""
        found = _STAMP.search(self.name) or _STAMP.search(self.path.name)
        if found is None:
            return ""
        day, time = found[1], found[2] or ""
        return f"{day[:4]}-{day[4:6]}-{day[6:]} {time}".strip()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its bytes. Raises Unreadable."""
        try:
            if not self.member:
                with self.path.open("rb", buffering=_READ) as plain:
                    yield plain
                return
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
                yield io.BufferedReader(packed, _READ)  # type: ignore[type-var]  # readable, whatever typeshed says
        except _BROKEN as why:
            raise Unreadable(f"the archive is damaged: {type(why).__name__}") from None
        except OSError as why:
            raise Unreadable(why.strerror or type(why).__name__) from None


def sources(path: Path) -> list[Source]:
    """What is to be read at a path: the file, or the text files of the archive. Raises Unreadable."""
    try:
        if not zipfile.is_zipfile(path):
            return [Source(path=path)]
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith((".txt", ".csv"))]
    except _BROKEN as why:
        raise Unreadable(f"the archive is damaged: {type(why).__name__}") from None
    except OSError as why:
        raise Unreadable(why.strerror or type(why).__name__) from None
    if not names:
        raise Unreadable("the archive holds no text file (.txt, .csv)")
    return [Source(path=path, member=name) for name in names]


def lines(stream: BinaryIO, *, most_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Each line with its number, without its end and without the mark some files begin with; empty ones left out.

    Raises Unreadable for a line of more than LONGEST_LINE bytes, and past `most_bytes` in all.
    """
    read = 0
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        read += len(raw)
        if len(raw) > LONGEST_LINE:
            raise Unreadable(f"line {number} has more than {LONGEST_LINE} bytes")
        if read > most_bytes:
            raise Unreadable(f"the file has more than {most_bytes} bytes")
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw := raw.rstrip(b"\r\n"):
            yield number, raw


def digest_of(path: Path) -> bytes:
    """SHA-256 of the file as it lies there. Raises Unreadable."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as why:
        raise Unreadable(why.strerror or type(why).__name__) from None
