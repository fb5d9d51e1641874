"""Birth dates as files write them: one reading for a whole column, since "04/05/1980" alone has two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rempart.foundation.people.matching.placeholders import PLACEHOLDERS

_PARTS = re.compile(r"([0-9]{1,4})[-/. ]([0-9]{1,2}|[a-zà-ÿ]{3,9}\.?)(?:[-/. ]([0-9]{1,4}))?", re.IGNORECASE)
_TIME = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}.*$")
_MONTHS = {
    "jan": 1, "fév": 2, "fev": 2, "feb": 2, "mar": 3, "avr": 4, "apr": 4, "mai": 5, "may": 5, "juin": 6, "jun": 6,
    "juil": 7, "jul": 7, "aoû": 8, "aou": 8, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "déc": 12, "dec": 12,
}  # fmt: skip
_YEARS = range(1500, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReader:
    """How the dates of one column are written."""

    month_first: bool = False  # 04/05/1980 is the fifth of April
    year_last: bool = False  # eight digits are day, month, year
    this_year: int = 2025  # two digits of a year after these are of the century before

    def read(self, text: str) -> str:
        """YYYYMMDD, with 00 for a part that is not known; "" when it is no date."""
        said = _TIME.sub("", text.strip())
        digits = self._parts(said)
        return "" if digits in PLACEHOLDERS["dates"] else digits

    def _parts(self, said: str) -> str:
        if said.isascii() and said.isdigit():
            if len(said) == 8:
                return said[4:] + self._day_month(said[:2], said[2:4]) if self.year_last else said
            if len(said) == 6 and int(said[:4]) in _YEARS and int(said[4:]) <= 12:
                return f"{said}00"
            return f"{said}0000" if len(said) == 4 and int(said) in _YEARS else ""
        found = _PARTS.fullmatch(said)
        if not found:
            return ""
        first, middle, last = found.groups()
        month = middle if middle.isdigit() else _month(middle)
        if not month:
            return ""
        if last is None:  # 1980-05, 05/1980
            return self._two(first, month)
        if len(first) == 4:
            return f"{first}{int(month):02d}{int(last):02d}" if len(last) <= 2 else ""
        year = self._year(last)
        return year + self._day_month(first, month, written=not middle.isdigit()) if year else ""

    def _two(self, first: str, last: str) -> str:
        return f"{first}{int(last):02d}00" if len(first) == 4 else ""

    def _day_month(self, first: str, second: str, *, written: bool = False) -> str:
        one, two = int(first), int(second)
        if self.month_first and not written:
            one, two = two, one
        return f"{two:02d}{one:02d}" if max(one, two) < 100 else ""

    def _year(self, last: str) -> str:
        if len(last) == 4:
            return last
        if len(last) != 2:
            return ""
        century = 2000 if int(last) <= self.this_year % 100 else 1900
        return str(century + int(last))


def _month(word: str) -> str:
    said = word.lower().rstrip(".")
    for length in (4, 3):
        if said[:length] in _MONTHS:
            return str(_MONTHS[said[:length]])
    return ""


def reader_for(column: Iterable[str], *, this_year: int) -> DateReader:
    """How a column writes its dates, by what most of its values can only mean; France's way when in doubt."""
    day_first = month_first = year_first = year_last = 0
    for text in column:
        said = _TIME.sub("", text.strip())
        if len(said) == 8 and said.isascii() and said.isdigit():
            year_first += int(said[:4]) in _YEARS and int(said[4:6]) <= 12
            year_last += int(said[4:]) in _YEARS and int(said[2:4]) <= 12
        elif (found := _PARTS.fullmatch(said)) and found[3] and len(found[1]) <= 2 and found[2].isdigit():
            day_first += int(found[1]) > 12
            month_first += int(found[2]) > 12
    return DateReader(
        month_first=month_first > day_first, year_last=year_last > year_first, this_year=this_year
    )
