"""Bytes of a table to rows of text: CSV in whatever dialect a spreadsheet chose, and XLSX.

A workbook is a ZIP of XML: what it unpacks to is bounded before anything is unpacked, and rows are read one by one.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import count, islice
from xml.etree.ElementTree import ParseError

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException

from rempart.screening.formats import encodings
from rempart.screening.formats.tables.columns import Columns, recognise

MOST_ROWS = 200_000
MOST_COLUMNS = 300
LONGEST_CELL = 4_096  # characters
LONGEST_ROW = 1_000_000  # characters: as text, before it is cells
MOST_UNPACKED = 100_000_000  # bytes of a workbook
MOST_PACKED = (
    50  # bytes that one byte of a workbook unpacks to, beyond ALWAYS_UNPACKED: tables have ten to thirty
)
ALWAYS_UNPACKED = 10_000_000
MOST_AT_ONCE = 4_000_000  # bytes of a part that is read whole (styles, names of sheets)
MOST_PARTS = 2_000  # files of a workbook

_ENOUGH = 4  # columns that are ours make a line a header
_FEWEST = 7  # columns: a table of results needs as many
_LOOKED_AT = 30  # rows among which the header stands; titles may be above it
_ZIP = b"PK\x03\x04"
_SAMPLE = 65_536
_SWALLOWED = 131_072  # characters of a cell: a quotation mark that never closes took the rows behind it
_DELIMITERS = (";", ",", "\t", "|")
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number as a spreadsheet shows it, and its cells as text."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table: its header, which of its columns are ours, and its rows, read as they are asked for."""

    header: tuple[str, ...]
    columns: Columns
    rows: Iterator[Row]


class Unreadable(Exception):
    """No table could be read; `case` is that of finding T05."""

    def __init__(self, case: str) -> None:
        super().__init__(case)
        self.case = case


def recognises(start: bytes) -> bool:
    """Whether a payload that begins so is a table: a workbook, or text with a header of ours."""
    if start.startswith(_ZIP):
        return b"xl/" in start or b"[Content_Types].xml" in start
    text = encodings.read(start[:_SAMPLE]).text
    try:
        return any(_is_header(row.cells) for row in islice(_of_text(text), _LOOKED_AT))
    except Unreadable:
        return False


def read(payload: bytes, *, named: bool = True) -> Sheet:
    """The first table of a payload that has a header of ours; where columns need not be `named` as ours, the first line
    that has enough of them. Raises Unreadable; rows may raise it too."""
    for rows in (
        _of_workbook(payload) if payload.startswith(_ZIP) else (_of_text(encodings.read(payload).text),)
    ):
        for row in islice(rows, _LOOKED_AT):
            if _is_header(row.cells) or (not named and sum(map(bool, row.cells)) >= _FEWEST):
                return Sheet(header=row.cells, columns=recognise(row.cells), rows=_filled(rows))
    raise Unreadable("header")


def _is_header(cells: Sequence[str]) -> bool:
    return len(recognise(cells)) >= _ENOUGH


def _filled(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows in which something stands."""
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise Unreadable("rows")
        if any(row.cells):
            yield row


def _of_text(text: str) -> Iterator[Row]:
    lines = io.StringIO(text.replace("\x00", ""), newline="")
    first = lines.readline()
    if first[:5].lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:  # Excel's own line
        delimiter, number = first[4], 1
    else:
        delimiter, number = _delimiter(text[:_SAMPLE]), 0
        lines.seek(0)
    bounded = _Lines(lines)
    reader = csv.reader(bounded, delimiter=delimiter)
    while True:
        number += 1
        bounded.row = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise Unreadable("cell") from None
        if max(map(len, cells), default=0) > _SWALLOWED:
            raise Unreadable("cell")
        yield Row(number=number, cells=_text_cells(cells))


class _Lines:
    """The lines of a text, as long as a row has no more characters than it may: each sign between two could be a cell."""

    def __init__(self, lines: io.StringIO) -> None:
        self._lines = lines
        self.row = 0  # characters since the row at hand began

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._lines.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.row += len(line)
        if self.row > LONGEST_ROW:
            raise Unreadable("cell")
        return line


def _delimiter(sample: str) -> str:
    """The sign by which a header of ours falls into the most columns; else the one that stands there most."""
    best, most = ";", (0, 0)
    lines = sample.splitlines()[:_LOOKED_AT]
    for sign in _DELIMITERS:
        try:
            rows = list(csv.reader(lines, delimiter=sign))
        except csv.Error:
            continue
        score = max(((len(recognise(row)), len(row)) for row in rows), default=(0, 0))
        if score > most:
            best, most = sign, score
    return best


def _text_cells(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells without needless blanks, those that are empty at the end left out."""
    written = [" ".join(cell[: LONGEST_CELL + 1].split()) for cell in cells[:MOST_COLUMNS]]
    while written and not written[-1]:
        written.pop()
    return tuple(written)


def _of_workbook(payload: bytes) -> Iterator[Iterator[Row]]:
    """The rows of each sheet of a workbook."""
    try:
        archive = _Archive(io.BytesIO(payload))
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if len(parts) > MOST_PARTS or unpacked > min(
            MOST_UNPACKED, max(ALWAYS_UNPACKED, MOST_PACKED * len(payload))
        ):
            raise Unreadable("unpacked")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a workbook has beside its cells
            reader = ExcelReader(io.BytesIO(payload), read_only=True, data_only=True, keep_links=False)
            reader.archive = archive
            reader.read()
        empty = count(1)
        for sheet in reader.wb.worksheets:
            rows = sheet.iter_rows(max_row=MOST_ROWS + _LOOKED_AT, max_col=MOST_COLUMNS, values_only=True)
            yield _of_sheet(rows, empty)
    except _BROKEN:
        raise Unreadable("workbook") from None


class _Archive(zipfile.ZipFile):
    """A workbook's parts. Cells and their texts are read piece by piece; whatever else is becomes a tree in memory, many
    times its size, and is bounded."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        part = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if part.file_size > MOST_AT_ONCE:
            raise Unreadable("unpacked")
        return super().read(part, pwd)


_BROKEN = (
    zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    OverflowError, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error,
)  # fmt: skip
"""What openpyxl raises on workbooks that are none; it has no error of its own for most of them."""


def _of_sheet(rows: Iterator[tuple[object, ...]], empty: Iterator[int]) -> Iterator[Row]:
    """The rows of a sheet in which something stands; `empty` counts the others, of all sheets: a single cell far down
    brings hundreds of thousands of them."""
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except _BROKEN:
            raise Unreadable("workbook") from None
        if cells.count(None) < len(cells):
            yield Row(number=number, cells=_text_cells([_written(cell) for cell in cells]))
        elif next(empty) > 2 * MOST_ROWS:
            raise Unreadable("rows")


def _written(cell: object) -> str:
    """A cell as somebody would have typed it: days and times by ISO 8601, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if cell.time() == _MIDNIGHT
            else cell.isoformat(sep=" ", timespec="minutes")
        )
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "O" if cell else "N"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
