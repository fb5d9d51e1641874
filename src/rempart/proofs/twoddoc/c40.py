"""C40: three characters in two bytes (ISO/IEC 16022, 5.2.5; ANTS, section 10.3).

A character of the basic set (space, 0–9, A–Z) is one value below 40; any other byte is a shift to one of three sets, then
its value there. Three values make 1600·a + 40·b + c + 1. In the binary form of 2D-DOC the pairs stand bare, without the
byte that announces C40 in a DataMatrix.
"""

from __future__ import annotations

import struct

_UNLATCH = 0xFE  # what follows is ASCII, one more than its code
_SHIFT_1, _SHIFT_2, _SHIFT_3 = 0, 1, 2
_UPPER = 30  # in the second set: the next character is one of 128–255
_BASIC = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST = 3  # value of the first basic character
_SETS = {
    _SHIFT_1: "".join(map(chr, range(32))),
    _SHIFT_2: "!\"#$%&'()*+,-./:;<=>?@[\\]^_",
    _SHIFT_3: "".join(map(chr, range(96, 128))),
}
_VALUES: dict[str, tuple[int, ...]] = {
    **{
        character: (shift, value)
        for shift, characters in _SETS.items()
        for value, character in enumerate(characters)
    },
    **{character: (value,) for value, character in enumerate(_BASIC, start=_FIRST)},
}
_VALUES |= {chr(code + 128): (_SHIFT_2, _UPPER, *_VALUES[chr(code)]) for code in range(128)}


def encode(text: str) -> bytes:
    """The bytes of an ISO-8859-1 text. Raises ValueError for a character beyond it.

    Where two values are left over, a shift fills the triplet; a basic character alone in one becomes ASCII after the
    byte that ends C40. The end of a shifted character alone in one is followed by an upper shift of nothing.
    """
    values: list[int] = []
    tail = b""
    try:
        for character in text:
            values.extend(_VALUES[character])
    except KeyError as error:
        raise ValueError(f"C40 holds ISO-8859-1 only, not {error.args[0]!r}.") from error
    left = len(values) % 3
    if left == 1 and len(_VALUES[text[-1]]) == 1:
        values.pop()
        tail = bytes([_UNLATCH, ord(text[-1]) + 1])
    elif left:
        values.extend((_SHIFT_1,) if left == 2 else (_SHIFT_2, _UPPER))
    packed = (
        1600 * first + 40 * second + third + 1
        for first, second, third in zip(*[iter(values)] * 3, strict=True)
    )
    return b"".join(struct.pack(">H", pair) for pair in packed) + tail


def decode(data: bytes) -> str:
    """The text of bare pairs. Raises ValueError where a pair is cut or means nothing."""
    values: list[int] = []
    tail = ""
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        if pair[0] == _UNLATCH:
            tail = _ascii(data[start + 1 :])
            break
        if len(pair) < 2:
            raise ValueError("C40 ends within a pair.")
        number = int.from_bytes(pair, "big") - 1
        if not 0 <= number < 40**3:
            raise ValueError("This is no pair of C40.")
        values.extend((number // 1600, number // 40 % 40, number % 40))
    return _characters(values) + tail


def _ascii(data: bytes) -> str:
    if not all(1 <= byte <= 128 for byte in data):
        raise ValueError("What follows the end of C40 is not ASCII.")
    return "".join(chr(byte - 1) for byte in data)


def _characters(values: list[int]) -> str:
    text: list[str] = []
    shift: int | None = None
    above = 0  # 128 after the upper shift
    for value in values:
        if shift is None and value < _FIRST:
            shift = value
            continue
        if shift == _SHIFT_2 and value == _UPPER:
            shift, above = None, 128
            continue
        characters, index = (_BASIC, value - _FIRST) if shift is None else (_SETS[shift], value)
        if index >= len(characters):
            raise ValueError("C40 holds a value that its set does not have.")
        text.append(chr(ord(characters[index]) + above))
        shift, above = None, 0
    return "".join(text)  # a shift at the end, with nothing after it, fills the last pair
