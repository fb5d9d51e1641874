"""IHE_XDM.ZIP: the archive by which health mail carries documents (IHE ITI TF-2 3.32).

    INDEX.HTM, README.TXT               for people
    IHE_XDM/SUBSET01/METADATA.XML       for machines: one submission set, one entry per document
    IHE_XDM/SUBSET01/…                  the documents

Writing the same twice gives the same bytes. Reading takes nothing on trust: number and sizes of files, their names and
the hash of each document are checked, and nothing is written to a disk.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field

from lxml import etree

from rempart.foundation.messaging.mssante.ebrim import Entry, Submission, entries, metadata

NAME = "IHE_XDM.ZIP"
MEDIA_TYPE = "application/zip"
MOST_BYTES = 30_000_000  # of all files, unpacked; a mail has 25 MB at most
MOST_FILES = 100

_SUBSET = "IHE_XDM/SUBSET01/"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_METADATA = re.compile(r"(IHE_XDM/[A-Z0-9_]{1,8}/)METADATA\.XML", re.IGNORECASE)
_README = "Documents de santé au format IHE XDM. Ouvrez INDEX.HTM pour les lire.\r\n"


class Broken(Exception):
    """The archive cannot be read, or does not hold what it says. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A document of an archive."""

    entry: Entry
    content: bytes = field(repr=False)


def write(submission: Submission) -> bytes:
    """The archive. Raises ValueError for a submission without documents, or with names that a file cannot have or two
    share."""
    names = [document.name for document in submission.documents]
    if not names or len({name.upper() for name in names} | {"METADATA.XML"}) != len(names) + 1:
        raise ValueError("documents with a name each are expected")
    if not all(map(_FILE.fullmatch, names)):
        raise ValueError("a name of a document is of letters, digits, points, hyphens and underscores")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _put(archive, "INDEX.HTM", _index(submission).encode())
        _put(archive, "README.TXT", _README.encode())
        _put(archive, f"{_SUBSET}METADATA.XML", metadata(submission))
        for document in submission.documents:
            _put(archive, f"{_SUBSET}{document.name}", document.content)
    return buffer.getvalue()


def read(raw: bytes) -> tuple[Held, ...]:
    """The documents of an archive, in the order of its metadata. Raises Broken: `no_archive`, `too_many`, `too_large`,
    `no_metadata`, `metadata`, `no_document`, `altered`."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        raise Broken("no_archive") from None  # damaged, encrypted, or packed in a way nobody asked for


def _read(archive: zipfile.ZipFile) -> tuple[Held, ...]:
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise Broken("too_many")
    files = {info.filename: info for info in infos}
    if len(files) != len(infos):
        raise Broken("altered")  # two files of one name: which one is meant is anybody's guess
    found = [match for name in files if (match := _METADATA.fullmatch(name))]
    if not found:
        raise Broken("no_metadata")
    left = MOST_BYTES
    held = []
    for match in found:
        described = _unpacked(archive, files[match[0]], left)
        left -= len(described)
        for entry in entries(_root(described)):
            info = files.get(match[1] + entry.name) if _FILE.fullmatch(entry.name) else None
            if info is None:
                raise Broken("no_document")
            content = _unpacked(archive, info, left)
            left -= len(content)
            if not _is_whole(entry, content):
                raise Broken("altered")
            held.append(Held(entry=entry, content=content))
    if not held:
        raise Broken("no_document")
    return tuple(held)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """A file, whatever the archive says of its size."""
    with archive.open(info) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise Broken("too_large")
    return content


def _is_whole(entry: Entry, content: bytes) -> bool:
    """IHE leaves the hash out where the archive is the transport: then the size is what there is."""
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return entry.size in (None, len(content)) and entry.digest in ("", digest)


def _root(described: bytes) -> etree._Element:
    if b"<!DOCTYPE" in described:
        raise Broken("metadata")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(described, parser)
    except etree.XMLSyntaxError:
        raise Broken("metadata") from None


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def _index(submission: Submission) -> str:
    """A page that leads to the documents; it names no patient."""
    rows = "".join(
        f'<li><a href="{_SUBSET}{html.escape(document.name)}">{html.escape(document.title)}</a></li>\n'
        for document in submission.documents
    )
    return (
        '<!DOCTYPE html>\n<html lang="fr">\n<head><meta charset="utf-8"><title>Documents de santé</title></head>\n<body>\n'
        f"<h1>Documents de santé</h1>\n<p>Envoyés par {html.escape(submission.author)}, le"
        f" {submission.sent_at:%d/%m/%Y}.</p>\n<ul>\n{rows}</ul>\n</body>\n</html>\n"
    )
