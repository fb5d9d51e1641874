"""What can be printed: values in letters that the shipped font has, days and times in French."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rempart.proofs.transliteration import capitals

ISSUED_ZONE = ZoneInfo("Europe/Paris")
"""The clock by which documents say when they were made."""

LONGEST = 80
"""Characters of a printed value, so that the page stays one page."""

_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_LONG_WORD = re.compile(r"\S{30}(?=\S)")  # as wide as a line at worst: may be broken there
# What the shipped font (Public Sans) draws, of what names and labels may hold.
_DRAWN = re.compile(
    "[ -~\u00a0-\u0131\u0134-\u0148\u014a-\u017e\u01fa-\u021b\u1e80-\u1e85\u1ea0-\u1ef9"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u20ac]"
)


def printable(value: str, *, longest: int = LONGEST) -> str:
    """The value in characters the font has: as it is, without its accent, transliterated, or `?`.

    What is longer than `longest` characters is cut with an ellipsis; a long word may be broken by a hyphen.
    """
    return _LONG_WORD.sub("\\g<0>\u00ad", unbroken(value, longest=longest))


def unbroken(value: str, *, longest: int) -> str:
    """As `printable`, for what no hyphen may come into: an address, a line of its own."""
    composed = " ".join(unicodedata.normalize("NFC", value).split())
    drawn = "".join(character if _DRAWN.match(character) else _replace(character) for character in composed)
    return drawn if len(drawn) <= longest else drawn[: longest - 1] + "…"


def day(moment: date) -> str:
    """1er avril 2021."""
    return f"{'1er' if moment.day == 1 else moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def day_and_time(moment: datetime) -> str:
    """1er avril 2021 à 08:05, on the clock that `moment` is of."""
    return f"{day(moment.date())} à {moment:%H:%M}"


def issued_day(at: datetime) -> date:
    """The day on which a document is made, on the clock of `ISSUED_ZONE`."""
    return at.astimezone(ISSUED_ZONE).date()


def offset(moment: datetime) -> str:
    """UTC+02:00."""
    return f"UTC{moment:%z}"[:6] + ":" + f"{moment:%z}"[3:5]


def parts(moment: date) -> list[int]:
    """Year, month and day, for the document's own date."""
    return [moment.year, moment.month, moment.day]


def _replace(character: str) -> str:
    simple = "".join(part for part in unicodedata.normalize("NFKD", character) if _DRAWN.match(part))
    return simple or capitals(character) or ("" if unicodedata.combining(character) else "?")
