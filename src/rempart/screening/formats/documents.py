"""Reports that travel beside a result as a file (item 4.1.4): known by their content, whatever they say they are.

PDF, PNG and JPEG, from the first byte to the last: what stands before or after, and what is an archive as well, is refused
(a file that is two things at once is shown as one and opened as the other). No picture is decoded, no PDF opened.
"""

from __future__ import annotations

import base64
import binascii
import re

from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Document, Finding

MAXIMUM_SIZE = 5 * 1024 * 1024  # bytes of one document
MOST = 4  # of one message
LONGEST_TITLE = 120  # characters

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_PNG_HEAD, _PNG_END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"
_PDF_END = re.compile(rb"%%EOF[\s\x00]{0,1024}\Z")
_ARCHIVE_END = b"PK\x05\x06"  # the end of a ZIP's list of members, read from the end of a file
_ARCHIVE_TAIL = 65_557  # bytes from the end in which it may stand
_UNTOLD = re.compile(r"[\x00-\x1f\x7f]+")


class Documents:
    """The documents of one message, as they are met; what is wrong with each is added to the findings."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._kept: list[Document] = []

    def take(self, content: bytes, *, place: str, title: str = "") -> None:
        """Take a document, or say why it is left out. One that was taken already is not taken twice."""
        if len(content) > MAXIMUM_SIZE:
            said = finding("C07", "size", place, size=len(content), limit=MAXIMUM_SIZE)
        elif (media_type := media_type_of(content)) is None:
            said = finding("C08", "kind", place)
        elif not _is_whole(content, media_type):
            said = finding("C05", "mixed", place)
        elif self._has(content):
            return
        elif len(self._kept) == MOST:
            said = finding("C07", "count", place, limit=MOST)
        else:
            title = " ".join(_UNTOLD.sub(" ", title).split())[:LONGEST_TITLE]
            self._kept.append(Document(media_type=media_type, content=content, title=title))
            return
        self._findings.append(said)

    def take_base64(self, text: str, *, place: str, title: str = "") -> None:
        """The same for a document in base64, which need not be flawless."""
        if len(text) > 2 * MAXIMUM_SIZE:
            self._findings.append(finding("C07", "size", place, size=len(text) * 3 // 4, limit=MAXIMUM_SIZE))
            return
        content, repaired = lenient_base64(text)
        if repaired:
            self._findings.append(finding("C04", "repaired", place, length=len(text)))
        self.take(content, place=place, title=title)

    def add(self, known: tuple[Document, ...]) -> None:
        """Take documents that another decoder has looked at."""
        for one in known:
            if not self._has(one.content) and len(self._kept) < MOST:
                self._kept.append(one)

    def _has(self, content: bytes) -> bool:
        return any(content == known.content for known in self._kept)

    @property
    def kept(self) -> tuple[Document, ...]:
        return tuple(self._kept)


def media_type_of(content: bytes) -> str | None:
    """What the bytes begin as; None for what is not taken."""
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(_PNG_HEAD):
        return PNG
    return JPEG if content.startswith(b"\xff\xd8\xff") else None


def lenient_base64(text: str) -> tuple[bytes, bool]:
    """Decoded bytes, and whether the text had to be repaired.

    Official French samples hold base64 with a lost character or without its padding: missing padding is added; a
    lone last character, which carries no whole byte, is dropped.
    """
    kept = _NOT_BASE64.sub("", text)
    body = kept.rstrip("=")
    if len(body) % 4 == 1:
        body = body[:-1]
    padded = body + "=" * (-len(body) % 4)
    try:
        return base64.b64decode(padded), padded != "".join(text.split())
    except binascii.Error:  # an equals sign in the middle
        return b"", True


def _is_whole(content: bytes, media_type: str) -> bool:
    """Whether the bytes end as they began, and as nothing else."""
    if _ARCHIVE_END in content[-_ARCHIVE_TAIL:]:
        return False
    if media_type == PDF:
        return _PDF_END.search(content, max(0, len(content) - 1100)) is not None
    return content.endswith(_PNG_END if media_type == PNG else b"\xff\xd9")
