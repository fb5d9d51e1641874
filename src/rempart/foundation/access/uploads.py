"""Files that people bring: bounded while they come, known by their content, handed back as files only.

A name and an announced type are what the sender says; what a file is, its first bytes say. Nothing here
reads further than it must: no archive is unpacked, no picture decoded.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO
from urllib.parse import quote

MOST_MEMBERS = 10_000
"""Members of an archive whose list is read; a longer one is refused."""

_LONGEST_NAME = 120
_MARKUP = re.compile(r"<\s*(!doctype|\?xml|html|head|body|script|svg|iframe|object|embed|meta)\b|<!--", re.I)
_SEEN_AS_TEXT = 4096  # characters in which a browser would look for markup, and more
_HEAD_BYTES = 16


class Kind(StrEnum):
    """What a file is, by its content; the value is the type under which it is handed back."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TEXT = "text/plain"
    ZIP = "application/zip"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    ODT = "application/vnd.oasis.opendocument.text"


_MARKS = {b"%PDF-": Kind.PDF, b"\x89PNG\r\n\x1a\n": Kind.PNG, b"\xff\xd8\xff": Kind.JPEG}


class Fault(StrEnum):
    """Why a file is refused; stable codes."""

    EMPTY = "upload-empty"
    TOO_LARGE = "upload-too-large"
    KIND = "upload-kind"
    ACTIVE = "upload-active-content"


class UploadRefused(Exception):
    """The file is not taken; `fault` says why. Says nothing of its content."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was looked at: `name` is a plain file name without folders, `content` its bytes."""

    name: str
    kind: Kind
    content: bytes = field(repr=False)


def take_in(chunks: Iterable[bytes], *, name: str, most: int, kinds: Collection[Kind]) -> Upload:
    """Read a file of at most `most` bytes and say what it is.

    `chunks`: as Django's `UploadedFile.chunks()` gives them; no more is read than `most` bytes and a chunk.
    Raises UploadRefused: empty, too large, of no kind in `kinds`, or a document with macros.
    """
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > most:
            raise UploadRefused(Fault.TOO_LARGE)
    if not content:
        raise UploadRefused(Fault.EMPTY)
    kind = kind_of(bytes(content))
    if kind is None or kind not in kinds:
        raise UploadRefused(Fault.KIND)
    return Upload(name=plain_name(name), kind=kind, content=bytes(content))


def kind_of(content: bytes) -> Kind | None:
    """What the bytes are; None for what we do not take. Raises UploadRefused for a document with macros."""
    looker = Looker()
    looker.feed(content)
    return looker.kind(lambda: io.BytesIO(content))


class Looker:
    """Says what a file is while it passes by, without keeping it."""

    def __init__(self) -> None:
        self._head = b""
        self._texts = [_Text("utf-8-sig"), _Text("cp1252")]

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the file."""
        if len(self._head) < _HEAD_BYTES:
            self._head += chunk[: _HEAD_BYTES - len(self._head)]
        for text in self._texts:
            text.feed(chunk)

    def kind(self, reopened: Callable[[], IO[bytes]]) -> Kind | None:
        """What it was, once all of it has passed; `reopened` gives the whole again, of which only an archive's
        list of members is read. Raises UploadRefused for a document with macros."""
        for mark, kind in _MARKS.items():
            if self._head.startswith(mark):
                return kind
        if self._head.startswith(b"PK\x03\x04"):
            return _archive(reopened())
        first = next((text for text in self._texts if text.ends_well()), None)
        return Kind.TEXT if first is not None and first.is_plain else None


class _Text:
    """A file read as text of one encoding, as it passes: whether it is one, and one without markup."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._readable = True
        self._beginning = ""
        self.is_plain = True

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        if not self._readable:
            return
        try:
            text = self._decoder.decode(chunk, last)
        except UnicodeDecodeError:
            self._readable = False
            return
        if len(self._beginning) < _SEEN_AS_TEXT:
            self._beginning += text[: _SEEN_AS_TEXT - len(self._beginning)]
        if self.is_plain and any(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f" for c in set(text)):
            self.is_plain = False

    def ends_well(self) -> bool:
        """Whether all of it is text of this encoding."""
        self.feed(b"", last=True)
        self.is_plain = self.is_plain and not _MARKUP.search(self._beginning)
        return self._readable


def plain_name(name: str) -> str:
    """A file name without folders, control characters or what a shell or a header would read.

    It is never used as a path here: it goes back to whoever fetches the file.
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c if c.isalnum() or c in " ._-()'’" else "_" for c in last).strip(" .")
    if len(kept) > _LONGEST_NAME:
        stem, dot, ending = kept.rpartition(".")
        kept = (
            kept[:_LONGEST_NAME] if not dot or len(ending) > 10 else stem[: _LONGEST_NAME - 11] + dot + ending
        )
    return kept or "fichier"


def headers(*, name: str, kind: Kind) -> dict[str, str]:
    """The headers of an answer that hands a file back: saved, never shown, never run, never guessed at."""
    ascii_name = (
        unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip(" .'") or "fichier"
    )
    return {
        "Content-Type": "text/plain; charset=utf-8" if kind is Kind.TEXT else kind.value,
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _archive(file: IO[bytes]) -> Kind | None:
    """A ZIP, or the office document it carries; only its list of members is read, and one short member."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.namelist()
            if len(members) > MOST_MEMBERS:
                return None
            names = {member.lower() for member in members}
            if any(name.endswith("vbaproject.bin") or name.startswith("basic/") for name in names):
                raise UploadRefused(Fault.ACTIVE)
            if "mimetype" in names and "mimetype" in members:
                with archive.open("mimetype") as file:
                    said = file.read(100).decode("ascii", "replace").strip()
                return next((kind for kind in (Kind.ODS, Kind.ODT) if kind.value == said), None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None
    if "[content_types].xml" in names:
        return (
            Kind.XLSX if "xl/workbook.xml" in names else Kind.DOCX if "word/document.xml" in names else None
        )
    return Kind.ZIP
