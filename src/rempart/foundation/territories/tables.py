"""Reading and writing the CSV files of data/: comment lines that say where they come from, then a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a packaged table, by column name."""
    text = (files(__package__) / "data" / name).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return csv.DictReader(lines)


def write(
    path: Path, *, about: Mapping[str, str], columns: tuple[str, ...], table: Iterable[tuple[object, ...]]
) -> None:
    """Write a table with its source, vintage and licence in front; same rows, same bytes."""
    out = io.StringIO()
    for key, value in about.items():
        out.write(f"# {key}: {value}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(table)
    path.write_text(out.getvalue(), "utf-8")
