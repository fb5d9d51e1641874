"""Letters for a printing house: a batch is a folder with one PDF for each letter and a manifest.

    lettres-20210409-0300/
        000001.pdf …        one letter each; no name of a file says whose
        manifest.csv        number; pages; SHA-256; postal class
        manifest.csv.sha256 the manifest's own checksum, as `sha256sum -c` reads it

A batch is there whole or not at all: it is made beside, written through to the disk, and renamed. Letters that were taken and
are in no batch yet lie in `.open`, under the keys of their messages: the same letter brought twice is there once. Whatever
was interrupted goes on with the next `close`. No specification of a printing house was found: the layout is ours.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2

from rempart.foundation.messaging.letters import Answer, Letter, Outcome, Parcel

_OPEN, _CLOSING, _MADE = ".open", ".closing-", ".made-"
_PREFIX = "lettres-"
_MANIFEST = "manifest.csv"
_PDF = "application/pdf"
_HEAD = ("numero", "pages", "sha256", "classe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch that lies ready for the printing house."""

    name: str
    letters: int
    pages: int
    made_at: datetime


class PostCarrier:
    """Puts letters into the open batch of a folder: the documents of each, one behind the other; `plain` makes one of
    a letter that has none."""

    def __init__(self, folder: Path, *, plain: Callable[[Letter], bytes]) -> None:
        self._folder = folder
        self._plain = plain

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        into = _made_private(self._folder / _OPEN)
        outcomes = [_put(parcel, into, self._plain) for parcel in parcels]
        _through(into)
        return outcomes


def close(folder: Path, *, postal_class: str, now: datetime) -> list[Batch]:
    """Make a batch of the letters that were taken, and finish what was interrupted; the batches that are new.

    Not for two processes at once.
    """
    made_private = _made_private(folder)
    opened = made_private / _OPEN
    if opened.is_dir() and any(opened.glob("*.pdf")):
        opened.rename(made_private / f"{_CLOSING}{_free_name(made_private, now)}")
    found = []
    for closing_ in sorted(made_private.glob(f"{_CLOSING}*")):
        name = closing_.name.removeprefix(_CLOSING)
        if not (made_private / name).exists():
            _build(closing_, made_private / name, postal_class=postal_class)
            found.append(_read(made_private / name))
        shutil.rmtree(closing_)
    return found


def waiting(folder: Path) -> list[Batch]:
    """The batches that nobody has taken away, oldest first."""
    return [_read(one) for one in sorted(folder.glob(f"{_PREFIX}*")) if (one / _MANIFEST).is_file()]


def _put(parcel: Parcel, into: Path, plain: Callable[[Letter], bytes]) -> Outcome:
    """One letter as one file. One that says nothing, or whose document is no PDF, cannot be printed."""
    contents = [content for _, media_type, content in parcel.documents if media_type == _PDF]
    if not parcel.documents and parcel.letter.text:
        contents = [plain(parcel.letter)]
    if not contents or len(contents) < len(parcel.documents):
        return Outcome(answer=Answer.REFUSED, reason="document.none")
    try:
        whole = contents[0] if len(contents) == 1 else _joined(contents)
    except pypdfium2.PdfiumError:
        return Outcome(answer=Answer.REFUSED, reason="document.broken")
    _write(into / f"{parcel.id}.pdf", whole)
    return Outcome(answer=Answer.TAKEN, reference=str(parcel.id))


def _joined(contents: Sequence[bytes]) -> bytes:
    with closing(pypdfium2.PdfDocument.new()) as whole:
        for content in contents:
            with closing(pypdfium2.PdfDocument(content)) as part:
                whole.import_pages(part)
        out = io.BytesIO()
        whole.save(out)
    return out.getvalue()


def _build(letters: Path, batch: Path, *, postal_class: str) -> None:
    made = batch.with_name(f"{_MADE}{batch.name}")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700)
    rows = []
    for number, letter in enumerate(sorted(letters.glob("*.pdf")), start=1):
        content = letter.read_bytes()
        _write(made / f"{number:06d}.pdf", content)
        rows.append((f"{number:06d}", _pages(content), hashlib.sha256(content).hexdigest(), postal_class))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerows((_HEAD, *rows))
    manifest = text.getvalue().encode()
    _write(made / _MANIFEST, manifest)
    _write(made / f"{_MANIFEST}.sha256", f"{hashlib.sha256(manifest).hexdigest()}  {_MANIFEST}\n".encode())
    _through(made)
    made.rename(batch)
    _through(batch.parent)


def _pages(content: bytes) -> int:
    with closing(pypdfium2.PdfDocument(content)) as document:
        return len(document)


def _read(batch: Path) -> Batch:
    rows = list(csv.DictReader((batch / _MANIFEST).read_text("utf-8").splitlines(), delimiter=";"))
    return Batch(
        name=batch.name,
        letters=len(rows),
        pages=sum(int(row["pages"]) for row in rows),
        made_at=datetime.fromtimestamp((batch / _MANIFEST).stat().st_mtime, UTC),
    )


def _free_name(folder: Path, now: datetime) -> str:
    name = f"{_PREFIX}{now.astimezone(UTC):%Y%m%d-%H%M}"
    taken = {one.name.removeprefix(_CLOSING) for one in folder.iterdir()}
    return next(one for one in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if one not in taken)


def _made_private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path: Path, content: bytes) -> None:
    """A file whole or not at all, for its owner's eyes only."""
    beside = path.with_suffix(".part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def _through(folder: Path) -> None:
    """See to it that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
