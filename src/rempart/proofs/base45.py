"""Base45 (RFC 9285): two bytes in three characters of what a QR code writes most densely.

The library of that name costs as much as two signatures; this looks two of three characters up. (A table of all three
has 4 MB, which other work pushes out of the processor's caches.)
"""

from __future__ import annotations

import struct

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_OTHER = 0xFF
_VALUES = bytes(ALPHABET.index(chr(code)) if chr(code) in ALPHABET else _OTHER for code in range(256))
_TWO = [low + high for high in ALPHABET for low in ALPHABET]  # least significant first


def encode(data: bytes) -> str:
    words = struct.unpack_from(f">{len(data) // 2}H", data)
    two, one = _TWO, ALPHABET
    text = "".join([two[word % 2025] + one[word // 2025] for word in words])
    return text + _TWO[data[-1]] if len(data) % 2 else text


def decode(text: str) -> bytes:
    """The bytes of a text. Raises ValueError for a character or a group that Base45 does not have."""
    values = text.encode("ascii").translate(_VALUES)
    if _OTHER in values or len(values) % 3 == 1:
        raise ValueError("This is not Base45.")
    thirds = zip(values[::3], values[1::3], values[2::3], strict=False)  # two characters may be left over
    words = [low + 45 * middle + 2025 * high for low, middle, high in thirds]
    last = [values[-2] + 45 * values[-1]] if len(values) % 3 else []
    try:
        return struct.pack(f">{len(words)}H", *words) + bytes(last)
    except struct.error as error:
        raise ValueError("A group of Base45 stands for more than two bytes.") from error
