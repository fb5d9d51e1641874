"""Numbers of tubes: fourteen digits of ours, the last two a key, or whatever label a laboratory sticks on.

A number of ours says nothing and is not guessed: twelve random digits, and the key of ISO/IEC 7064 MOD 97-10, which
finds every wrong digit and every pair that was turned round.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BODY = 12
_OURS = re.compile(r"\d{14}", re.ASCII)
_FOREIGN = re.compile(r"[A-Z0-9][A-Z0-9./-]{3,29}", re.ASCII)
_SPACES = re.compile(r"\s+")


class Misread(ValueError):
    """No number of a tube: a digit was misread, or a sign has no place there."""


def new_number(draw: Callable[[int], int]) -> str:
    """A new number; `draw(n)` is a random number below n, such as secrets.randbelow."""
    body = f"{draw(10**_BODY):0{_BODY}d}"
    return body + f"{98 - int(body) * 100 % 97:02d}"


def is_ours(number: str) -> bool:
    """Whether a number is one of ours, with the right key."""
    return bool(_OURS.fullmatch(number)) and int(number) % 97 == 1


def read(text: str) -> str:
    """The number that was scanned or typed, without spaces and in capitals. Raises Misread: fourteen digits must have
    our key, anything else must be from 4 to 30 letters, digits, dots, slashes and hyphens."""
    number = _SPACES.sub("", text).upper()
    if is_ours(number) or (not _OURS.fullmatch(number) and _FOREIGN.fullmatch(number)):
        return number
    raise Misread


def read_all(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers of a text with one on each line, each once, and the lines that are none."""
    good: dict[str, None] = {}
    bad: dict[str, None] = {}
    for line in text.splitlines():
        if line.strip():
            try:
                good[read(line)] = None
            except Misread:
                bad[line.strip()] = None
    return tuple(good), tuple(bad)


def grouped(number: str) -> str:
    """A number as people read it: in fours when it is ours."""
    return " ".join(re.findall(r"\d{1,4}", number)) if is_ours(number) else number
