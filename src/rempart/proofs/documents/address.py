"""A postal address as the French post reads it (AFNOR NF Z 10-011)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import digits

from rempart.proofs.documents.printing import unbroken
from rempart.proofs.transliteration import capitals

MOST_LINES = 6
LONGEST_LINE = 38
"""Characters of a line, spaces included."""

_LONGEST_READ = 200  # characters of a line as it comes
_CAPITALS_FROM_END = 3  # number and street, place, town


def address_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """At most six lines of 38 characters: the name, what leads to the door, and three in capitals without
    accents and punctuation.

    Too long a line is abbreviated, then cut; of too many lines those before the last are left out.
    """
    kept = [line for line in lines if line.strip()]
    kept = [*kept[: MOST_LINES - 1], kept[-1]] if len(kept) > MOST_LINES else kept
    plain = max(len(kept) - _CAPITALS_FROM_END, 1)  # the name is never in capitals for the machine's sake
    return tuple(
        _as_written(line) if index < plain else _in_capitals(line) for index, line in enumerate(kept)
    )


def _as_written(line: str) -> str:
    return _shortened(unbroken(line, longest=_LONGEST_READ))


def _in_capitals(line: str) -> str:
    composed = unicodedata.normalize("NFC", line)
    letters = "".join(sign if sign in digits else capitals(sign) or " " for sign in composed)
    return _shortened(" ".join(letters.split()))


def _shortened(text: str) -> str:
    for word, short in _abbreviations():
        if len(text) <= LONGEST_LINE:
            break
        text = word.sub(short, text)
    return text[:LONGEST_LINE].strip()


@cache
def _abbreviations() -> list[tuple[re.Pattern[str], str]]:
    file = resources.files("rempart.proofs") / "data" / "documents" / "address.toml"
    table: dict[str, str] = tomllib.loads(file.read_text("utf-8"))["short"]
    words = sorted(table.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    return [(re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE), short) for word, short in words]
