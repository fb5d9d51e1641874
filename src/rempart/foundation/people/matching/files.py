"""Files of people as everyday life makes them: CSV with any separator and encoding, or Parquet; and the pairs found.

What cannot be read is refused with a code, the place and what to do. No refusal repeats a value of a person.
"""

from __future__ import annotations

import codecs
import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rempart.foundation.people.matching.dates import reader_for
from rempart.foundation.people.matching.engine import Matches
from rempart.foundation.people.matching.records import Record, Trait

_SEPARATORS = ";,\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PIECE = 1 << 20


class CannotMatchFilesError(Exception):
    """What stops the command, as one line: its code, where, and what to do."""

    def __init__(self, code: str, where: str, what: str, do: str) -> None:
        super().__init__(f"{code} {where}: {what} {do}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFile:
    """The records of a file, in its order, and what each is called."""

    path: Path
    ids: Sequence[str]
    records: Sequence[Record]


def read_map(maps: Iterable[str]) -> Mapping[Trait, str]:
    """Columns by trait, from `trait=column`. Raises CannotMatchFilesError (P01, P02)."""
    found: dict[Trait, str] = {}
    for said in maps:
        name, equals, column = said.partition("=")
        name, column = name.strip(), column.strip()
        if not (equals and name and column):
            raise CannotMatchFilesError(
                "P01", "--map", f"“{said}” is not trait=column.", "Write for example birth_name=surname."
            )
        if name not in set(Trait):
            raise CannotMatchFilesError(
                "P01", "--map", f"there is no trait “{name}”.", f"There are: {', '.join(Trait)}."
            )
        if Trait(name) in found:
            raise CannotMatchFilesError(
                "P02", "--map", f"{name} is given twice.", "Give each trait one column."
            )
        found[Trait(name)] = column
    if not found:
        raise CannotMatchFilesError(
            "P02", "--map", "no trait is given.", "Say what a column holds: --map birth_name=surname."
        )
    return found


def read_people(path: Path, *, id_column: str, columns: Mapping[Trait, str]) -> PeopleFile:
    """The records of a file. Without `id_column` they are called by number, from 1.

    Raises CannotMatchFilesError: P03 the file cannot be read, P04 it has no line, P05 a column is missing, P06 a
    line has more cells than the header, P07 a record has no id, P08 two records have the same id.
    """
    rows = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    header = next(rows, None)
    if header is None:
        raise CannotMatchFilesError("P04", path.name, "the file is empty.", "Give a file with a header line.")
    places = {trait: _place(header[1], column, path) for trait, column in columns.items()}
    id_place = _place(header[1], id_column, path) if id_column else -1
    ids: dict[str, int] = {}
    records: list[Record] = []
    for line, cells in rows:
        if any(cells[len(header[1]) :]):
            raise CannotMatchFilesError(
                "P06",
                f"{path.name}, line {line}",
                f"it has {len(cells)} cells, the header {len(header[1])}.",
                "Put quotes around values that hold the separator.",
            )
        cells += [""] * (len(header[1]) - len(cells))
        called = cells[id_place].strip() if id_column else str(len(records) + 1)
        if not called:
            raise CannotMatchFilesError(
                "P07",
                f"{path.name}, line {line}",
                f"no {id_column}.",
                "Give every record one, or leave --id out.",
            )
        if called in ids:
            raise CannotMatchFilesError(
                "P08",
                f"{path.name}, line {line}",
                f"the {id_column} of line {ids[called]} again.",
                "Give every record its own, or leave --id out.",
            )
        ids[called] = line
        records.append(Record(**{trait.value: cells[place].strip() for trait, place in places.items()}))
    return PeopleFile(path=path, ids=tuple(ids), records=tuple(records))


def unread_dates(people: PeopleFile, *, this_year: int) -> int:
    """How many birth dates of a file are given and are none."""
    given = [record.birth_date for record in people.records if record.birth_date]
    reader = reader_for(given, this_year=this_year)
    return sum(not reader.read(said) for said in given)


def write_pairs(out: Path, matches: Matches, left: PeopleFile, right: PeopleFile | None) -> None:
    """The pairs as CSV, in UTF-8: left_id, right_id, score (six decimals), grade. Whole or not at all.

    Raises CannotMatchFilesError (P09) when it cannot be written.
    """
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    others = (right or left).ids
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("left_id", "right_id", "score", "grade"))
            writer.writerows(
                (left.ids[pair.left], others[pair.right], f"{pair.score:.6f}", pair.grade.value)
                for pair in matches
            )
        partial.replace(out)
    except OSError as why:
        partial.unlink(missing_ok=True)
        raise CannotMatchFilesError(
            "P09",
            str(out),
            f"it cannot be written ({why.strerror}).",
            "Name a file in a folder that you may write to.",
        ) from why


def _place(header: Sequence[str], column: str, path: Path) -> int:
    """Where a column stands: by its very name, else whatever its capitals."""
    for fold in (str, str.casefold):
        places = [at for at, name in enumerate(header) if fold(name) == fold(column)]
        if len(places) == 1:
            return places[0]
        if places:
            raise CannotMatchFilesError(
                "P05", path.name, f"{len(places)} columns are called “{column}”.", "Rename one."
            )
    raise CannotMatchFilesError(
        "P05", path.name, f"no column “{column}”.", f"There are: {', '.join(filter(None, header))}."
    )


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, with their number; the header first, without spaces around its names."""
    csv.field_size_limit(_PIECE)
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            separator = _separator(file.readline())
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            header: list[str] | None = None
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if header is None:
                    header = cells = [cell.strip().lstrip("\ufeff") for cell in cells]
                yield reader.line_num, cells
    except OSError as why:
        raise CannotMatchFilesError(
            "P03", path.name, f"it cannot be read ({why.strerror}).", "Check its name and your rights."
        ) from why
    except (UnicodeError, csv.Error) as why:
        raise CannotMatchFilesError(
            "P03", path.name, "it is not a CSV file.", "Save it as CSV, in UTF-8."
        ) from why


def _encoding(path: Path) -> str:
    """By its mark; UTF-8 when all of it is; windows-1252, which reads any byte that people type, when not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(4)
        for mark, encoding in _MARKS:
            if start.startswith(mark):
                return encoding
        file.seek(0)
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _separator(header: str) -> str:
    """The one that the header has most often, outside quotes."""
    outside = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _parquet(path: Path) -> Iterator[tuple[int, list[str]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield 1, [name.strip() for name in file.schema_arrow.names]
            line = 1
            for batch in file.iter_batches():
                columns = [
                    ["" if value is None else str(value) for value in column.to_pylist()] for column in batch
                ]
                for cells in zip(*columns, strict=True):
                    line += 1
                    yield line, list(cells)
    except OSError as why:
        raise CannotMatchFilesError(
            "P03", path.name, f"it cannot be read ({why.strerror}).", "Check its name and your rights."
        ) from why
    except pyarrow.ArrowException as why:
        raise CannotMatchFilesError(
            "P03", path.name, "it is not a Parquet file.", "Give CSV or Parquet."
        ) from why
