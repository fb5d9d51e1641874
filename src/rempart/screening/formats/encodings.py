"""Which characters are these bytes? What laboratories send: UTF-8, windows-1252, and older things.

A byte order mark decides; then strict UTF-8, which other encodings hardly ever form by chance; then the
letters that appear inside words, which tell the DOS and Macintosh code pages from windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# HL7 table 0211 as met in MSH-18; the French profile allows UNICODE UTF-8 and 8859/15 only.
_DECLARED = {
    "": "",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "8859/1": "iso8859-1",
    "8859/15": "iso8859-15",
    "ISO-8859-1": "iso8859-1",
    "ISO-8859-15": "iso8859-15",
    "WINDOWS-1252": "cp1252",
    "CP1252": "cp1252",
}

_C1 = bytes(range(0x80, 0xA0))
_CANDIDATES = ("cp1252", "cp850", "mac_roman")  # the first wins a tie
_SMALL = frozenset("éèêëàâäçôöûüùîïœæñ")
_CAPITAL = frozenset("ÉÈÊËÀÂÄÇÔÖÛÜÙÎÏŒÆ")
_SIGNS = frozenset("°µ²³’‘“”«»–—…€·")
_SAMPLE = 65_536  # bytes looked at; a code page shows itself early
_HIGH = re.compile(rb"[\x80-\xff][\x80-\xff]{0,7}[^\x80-\xff]?")  # with what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Bytes read as characters, and the codec that did it."""

    text: str
    codec: str


def declared(name: str) -> str | None:
    """The codec of a character set named in MSH-18; "" when none is named, None when it is not known."""
    return _DECLARED.get(name.strip().upper())


def mark(payload: bytes) -> tuple[str, int]:
    """The codec that a byte order mark announces and the mark's length; ("", 0) without one."""
    for signature, codec in _MARKS:
        if payload.startswith(signature):
            return codec, len(signature)
    return "", 0


def read(payload: bytes, *, announced: str = "") -> Text:
    """Characters of a message in 8-bit bytes; never raises, unreadable bytes become U+FFFD.

    `announced` is the codec the message claims. It is believed when it can be true and does not hide
    UTF-8: bytes that form UTF-8 are UTF-8, whatever was announced.
    """
    if payload.isascii():
        return Text(text=payload.decode("ascii"), codec=announced or "ascii")
    try:
        return Text(text=payload.decode("utf-8"), codec="utf-8")
    except UnicodeDecodeError:
        pass
    if not _has_c1(payload):
        if announced.startswith("iso8859"):
            return Text(text=payload.decode(announced), codec=announced)
        return Text(text=payload.decode("latin-1"), codec="cp1252")  # the same characters, five times as fast
    codec = guess(payload)
    return Text(text=payload.decode(codec, "replace"), codec=codec)


def guess(payload: bytes) -> str:
    """The likeliest 8-bit codec of bytes that are not UTF-8."""
    if not _has_c1(payload):
        return "cp1252"
    samples = Counter(_samples(payload[:_SAMPLE]))
    return max(
        _CANDIDATES,
        key=lambda codec: sum(_plausibility(one, codec) * times for one, times in samples.items()),
    )


def _has_c1(payload: bytes) -> bool:
    """Whether some byte is a control character in ISO 8859, hence a letter or a sign of another code page."""
    return len(payload.translate(None, _C1)) != len(payload)


def _samples(payload: bytes) -> Iterator[bytes]:
    """The bytes that are not ASCII, with the one before and the one after, each in one sample only."""
    last = 0
    for found in _HIGH.finditer(payload):
        start, end = found.span()
        yield payload[start - 1 if start > last else start : end]
        last = end


@lru_cache(maxsize=4_096)
def _plausibility(encoded: bytes, codec: str) -> int:
    """How French a few letters look: small accents beside small letters, capitals at the start of words
    or among capitals, punctuation anywhere, nothing else."""
    sample = encoded.decode(codec, "replace")
    score = 0
    for before, char, after in zip(" " + sample, sample, sample[1:] + " ", strict=False):
        if char < "\x80":
            continue
        if char in _SMALL:
            score += -1 if before.isupper() and after.isupper() else 3 if before.isalpha() else 2
        elif char in _CAPITAL:
            score += 2 if not before.isalpha() or (before.isupper() and not after.islower()) else -2
        elif char in _SIGNS:
            score += 1
        else:
            score -= 3
    return score
