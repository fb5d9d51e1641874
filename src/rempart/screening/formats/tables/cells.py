"""What a cell means, and what spreadsheets do to it: leading zeros lost, long numbers in powers of ten."""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo

from rempart.foundation.identifiers import finess
from rempart.screening.formats.dates import french_date, has_two_digit_year, hl7_moment
from rempart.screening.rules.report import Moment, Precision, Sex

_POWER_OF_TEN = re.compile(r"\d[.,]?\d*E\+?\d+", re.IGNORECASE | re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{4})(?:[ T]+(.+))?", re.ASCII)
_TIME = re.compile(
    r"([01]?\d|2[0-3])\s?(?:[:hH.])\s?([0-5]\d)?(?:[:.]([0-5]\d)(?:[.,]\d+)?)?(?:\s?min)?", re.ASCII
)
_ZONE = re.compile(r"\s?(Z|[+-]\d{2}:?\d{2})$", re.ASCII)
_THIS_CENTURY = 2099
_SEXES = {
    "F": Sex.FEMALE, "M": Sex.MALE, "U": Sex.UNKNOWN, "I": Sex.UNKNOWN, "H": Sex.MALE, "1": Sex.MALE, "2": Sex.FEMALE,
    "FEMININ": Sex.FEMALE, "MASCULIN": Sex.MALE, "FEMME": Sex.FEMALE, "HOMME": Sex.MALE, "MME": Sex.FEMALE,
    "MLLE": Sex.FEMALE, "MR": Sex.MALE, "FEMALE": Sex.FEMALE, "MALE": Sex.MALE, "INDETERMINE": Sex.UNKNOWN,
}  # fmt: skip


def lost_digits(text: str) -> bool:
    """Whether a spreadsheet wrote a long number as a power of ten: its last digits are gone for good."""
    return bool(_POWER_OF_TEN.fullmatch(text))


def with_zero(text: str, *, of: int) -> str:
    """A number whose first zero a spreadsheet dropped, with the zero; unchanged when that is not what it looks like."""
    return f"0{text}" if len(text) == of - 1 and text.isascii() and text.isdigit() else text


def finess_of(text: str) -> str:
    """A FINESS number; the first zero is given back when the key is then right."""
    whole = with_zero(text, of=9)
    return whole if finess.is_valid(whole) else text


def mobile_of(text: str) -> str:
    """A mobile number; the first zero is given back before 6 and 7."""
    return with_zero(text, of=10) if text[:1] in ("6", "7") else text


def sex_of(text: str) -> Sex | None:
    """Sex; None when the cell is empty or says nothing that is known."""
    return _SEXES.get(text.strip(" .").upper().replace("É", "E"))


def birth_date_of(text: str) -> date | None:
    """A day of birth; None when it is none, or when nothing tells its century."""
    day, _, rest = text.partition(" ")
    if has_two_digit_year(day) or (rest and rest.strip("0:. ")):
        return None
    return french_date(day)


def moment_of(text: str, hour: str, zone: tzinfo) -> Moment | None:
    """A day, with its time in the same cell or in one of its own; None when one of them cannot be read.

    A time without a zone is that of `zone`.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return hl7_moment(text, zone) if not hour else None
    day = french_date(match[1], not_after=_THIS_CENTURY)
    written = match[2] or ""
    if written and hour and not written.strip("0: "):
        written = ""  # midnight beside a column of times: a spreadsheet's own
    if day is None or (written and hour):
        return None
    return _at(day, written or hour, zone)


def _at(day: date, text: str, zone: tzinfo) -> Moment | None:
    if not text:
        return Moment(at=datetime.combine(day, time(), zone), precision=Precision.DAY)
    said = _ZONE.search(text)
    match = _TIME.fullmatch(text[: said.start()] if said else text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2] or 0), int(match[3] or 0)
    precision = Precision.SECOND if match[3] else Precision.MINUTE if match[2] else Precision.HOUR
    where = zone
    if said:
        sign = said[1]
        stated = datetime.fromisoformat(f"2000-01-01T00:00{'+00:00' if sign == 'Z' else sign}").tzinfo
        if stated is None:
            return None
        where = stated
    return Moment(at=datetime.combine(day, time(hour, minute, second), where), precision=precision)
