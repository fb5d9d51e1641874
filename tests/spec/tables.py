"""Tables that an expert reads and a test runs: cells between `|`, a header line, a line of dashes."""

from __future__ import annotations


def rows(table: str) -> list[dict[str, str]]:
    """One dictionary per line of the table, by the words of its header."""
    lines = [line for line in table.splitlines() if line.strip() and set(line.strip()) - set("-+")]
    header, *body = ([cell.strip() for cell in line.split("|")] for line in lines)
    return [dict(zip(header, cells, strict=True)) for cells in body]
