"""Dates and times as messages write them, with the precision they gave.

HL7 v2: `YYYY[MM[DD[HH[MM[SS[.S…]]]]]][±ZZZZ]` (chapter 2, TS and DTM). HPRIM Médecin: `DD/MM/YYYY`, and
`DD/MM/YY` or `YYYY-MM-DD` as some senders do. A time without a zone is local to the sender.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from rempart.screening.rules.report import Moment, Precision

_PRECISIONS = {
    4: Precision.YEAR,
    6: Precision.MONTH,
    8: Precision.DAY,
    10: Precision.HOUR,
    12: Precision.MINUTE,
    14: Precision.SECOND,
}
_FIRST_YEAR, _LAST_YEAR = 1800, 2200  # outside, a year is a typing error; inside, no zone can overflow
_LONGEST = 40  # characters; a longer text is no time, and is not remembered
_WIDEST_ZONE = 14 * 60  # minutes from UTC

_DAY_FIRST = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_ISO = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_ZONE = re.compile(r"[+-].*$|Z$", re.DOTALL)


def hl7_moment(text: str, local: tzinfo) -> Moment | None:
    """An HL7 time; None when it is not one. `local` is the zone of a time that names none."""
    return _moment(text, local) if len(text) <= _LONGEST else None


@lru_cache(maxsize=65_536)
def _moment(text: str, local: tzinfo) -> Moment | None:
    digits, zone = text, local
    if not text.isdigit():
        cut = max(text.find("+"), text.find("-"))
        if cut > 0:
            offset = _offset(text[cut:])
            if offset is None:
                return None
            digits, zone = text[:cut], offset
        elif text[-1:] == "Z":
            digits, zone = text[:-1], UTC
        digits, _, fraction = digits.partition(".")
        if fraction and not (fraction.isdigit() and len(digits) == 14):
            return None
    precision = _PRECISIONS.get(len(digits))
    if precision is None or not (digits.isdigit() and digits.isascii()):
        return None
    year = int(digits[:4])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        at = datetime(
            year,
            int(digits[4:6] or 1),
            int(digits[6:8] or 1),
            int(digits[8:10] or 0),
            int(digits[10:12] or 0),
            int(digits[12:14] or 0),
            tzinfo=zone,
        )
    except ValueError:
        return None
    return Moment(at=at, precision=precision)


def hl7_moment_without_zone(text: str, local: tzinfo) -> Moment | None:
    """The time whose zone cannot be read, taken as local; None when there is more to it than the zone."""
    return hl7_moment(_ZONE.sub("", text), local)


def hl7_date(text: str) -> date | None:
    """The day of an HL7 date or time; None when it is not one, or less precise than a day."""
    return _date(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=65_536)
def _date(text: str) -> date | None:
    if len(text) != 8:
        moment = hl7_moment(text, UTC) or hl7_moment_without_zone(text, UTC)
        if moment is None or moment.precision in (Precision.YEAR, Precision.MONTH):
            return None
        return moment.at.date()
    if not (text.isdigit() and text.isascii() and _FIRST_YEAR <= int(text[:4]) <= _LAST_YEAR):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def french_date(text: str, *, not_after: int = _LAST_YEAR) -> date | None:
    """A day written the French way, by ISO 8601, or as eight digits year first; None otherwise.

    A year of two digits is in the latest century that does not bring it after the year `not_after`.
    """
    return _remembered_date(text, not_after) if len(text) <= _LONGEST else _french_date(text, not_after)


def _french_date(text: str, not_after: int) -> date | None:
    text = text.strip()
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
        if len(match[3]) == 2:
            year += not_after - not_after % 100
            year -= 100 if year > not_after else 0
    elif match := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    else:
        return hl7_date(text)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


_remembered_date = lru_cache(maxsize=65_536)(_french_date)


def iso_moment(text: str, local: tzinfo) -> Moment | None:
    """A FHIR dateTime or instant (`YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or with a time and mostly a zone); None otherwise."""
    match = _ISO.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    digits = "".join(filter(None, (*match.group(1, 2, 3), *match.group(4, 5, 6))))
    zone = match[7] or ""
    return hl7_moment(digits + (zone if zone in ("", "Z") else zone.replace(":", "")), local)


def iso_date(text: str) -> date | None:
    """The day of an ISO 8601 date of whole precision; None otherwise."""
    match = _YEAR_FIRST.fullmatch(text)
    return hl7_date("".join(match.groups())) if match is not None else None


def has_two_digit_year(text: str) -> bool:
    """Whether a French date gives its year with two digits."""
    match = _DAY_FIRST.fullmatch(text.strip())
    return match is not None and len(match[3]) == 2


@lru_cache(maxsize=512)
def _offset(text: str) -> tzinfo | None:
    """The zone of a sign and four digits; None when it is not one."""
    if len(text) != 5 or not (text[1:].isdigit() and text.isascii()):
        return None
    minutes = int(text[1:3]) * 60 + int(text[3:])
    if minutes > _WIDEST_ZONE or int(text[3:]) > 59:
        return None
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
