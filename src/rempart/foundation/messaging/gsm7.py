"""The alphabet of text messages (3GPP TS 23.038): what fits into one, and how it travels.

A message holds 160 septets of the default alphabet, or 70 UTF-16 units as soon as one character is not of it (ê, ç, œ, ’ are
not). A longer one is cut into segments of 153 or 67, which the telephone puts together again, and which are paid for one by
one. Some characters take two septets: ^ { } \\ [ ] ~ | €.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
_ESCAPE = 0x1B
_CODES = {
    **{character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE},
    **{character: bytes([_ESCAPE, code]) for character, code in _EXTENDED.items()},
}
_CHARACTERS = {code: character for character, code in _CODES.items()}


class Coding(IntEnum):
    """How the octets of a segment are read; the numbers are SMPP's `data_coding`."""

    GSM7 = 0
    UCS2 = 8

    @property
    def alone(self) -> int:
        """Octets of a message in one segment, one for each septet."""
        return 160 if self is Coding.GSM7 else 140

    @property
    def joined(self) -> int:
        """Octets of each segment of a longer one, beside the header that says which it is."""
        return 153 if self is Coding.GSM7 else 134


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """A text as it travels: septets are not packed, each is an octet, as SMPP carries them."""

    coding: Coding
    segments: tuple[bytes, ...]


def foreign(text: str) -> tuple[str, ...]:
    """The characters that are not of the alphabet, each once, in the order in which they first come."""
    return tuple(dict.fromkeys(character for character in text if character not in _CODES))


def length(text: str) -> int:
    """How much of a message a text takes: septets, or UTF-16 units where one character is foreign."""
    if foreign(text):
        return len(text.encode("utf-16-be")) // 2
    return sum(len(_CODES[character]) for character in text)


def segments(text: str) -> int:
    """How many messages a text is paid for."""
    return len(segmented(text).segments)


def segmented(text: str) -> Segmented:
    """A text cut into what travels; no character is cut in two. Lone surrogates become question marks."""
    coding = Coding.UCS2 if foreign(text) else Coding.GSM7
    units = list(_units(text, coding))
    whole = b"".join(units)
    if len(whole) <= coding.alone:
        return Segmented(coding=coding, segments=(whole,))
    found = [b""]
    for unit in units:
        if len(found[-1]) + len(unit) > coding.joined:
            found.append(b"")
        found[-1] += unit
    return Segmented(coding=coding, segments=tuple(found))


def decode(octets: bytes, coding: int) -> str:
    """The text of some octets of any `data_coding` that is met. What it is not is left as a question mark."""
    if coding == Coding.UCS2:
        return octets.decode("utf-16-be", "replace")
    if coding == Coding.GSM7:
        return "".join(_read(octets))
    return octets.decode("latin-1")


def _units(text: str, coding: Coding) -> Iterator[bytes]:
    if coding is Coding.GSM7:
        return (_CODES[character] for character in text)
    return (character.encode("utf-16-be", "replace") for character in text)


def _read(octets: bytes) -> Iterator[str]:
    escaped = False
    for octet in octets:
        if octet == _ESCAPE and not escaped:
            escaped = True
            continue
        code = bytes([_ESCAPE, octet]) if escaped else bytes([octet])
        yield _CHARACTERS.get(code) or _CHARACTERS.get(bytes([octet]), "?")
        escaped = False
