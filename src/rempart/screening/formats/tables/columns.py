"""The columns that a table of results may have, and which column of a table is which (data/columns.toml)."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

_NOT_COMPARED = re.compile(r"[^a-z0-9]+")
LONGEST_HEADER = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name in our own file, its label on the page, whether a table needs it.

    Of the columns that share a `one_of`, one is enough.
    """

    key: str
    label_fr: str
    required: bool
    one_of: str


Columns = Mapping[str, int]
"""Where each column stands in a row, by key."""


@cache
def columns() -> Mapping[str, Column]:
    """Every column by key, in the order of the file."""
    return MappingProxyType(
        {
            key: Column(
                key=key,
                label_fr=row["label_fr"],
                required=row.get("required", False),
                one_of=row.get("one_of", ""),
            )
            for key, row in _rows().items()
        }
    )


def recognise(headers: Sequence[str]) -> Columns:
    """Which of these headers are columns of ours; the first of two that mean the same."""
    names, found = _names(), dict[str, int]()
    for place, header in enumerate(headers):
        key = names.get(compared(header))
        if key is not None:
            found.setdefault(key, place)
    return found


def repeated(headers: Sequence[str]) -> list[str]:
    """Keys of columns that stand twice in a table."""
    names = _names()
    keys = [names[name] for header in headers if (name := compared(header)) in names]
    return sorted({key for key in keys if keys.count(key) > 1})


def missing(found: Columns) -> list[str]:
    """Keys of the columns that a table needs and has not, those of which one is enough joined by a bar."""
    lacking = [column.key for column in columns().values() if column.required and column.key not in found]
    groups: dict[str, list[str]] = {}
    for column in columns().values():
        if column.one_of:
            groups.setdefault(column.one_of, []).append(column.key)
    return ["|".join(keys) for keys in groups.values() if not any(key in found for key in keys)] + lacking


def compared(header: str) -> str:
    """A header as it is compared: lower-case letters and digits, one blank between words."""
    plain = unicodedata.normalize("NFKD", header[:LONGEST_HEADER]).encode("ascii", "ignore").decode().lower()
    return _NOT_COMPARED.sub(" ", plain).strip()


@cache
def _names() -> Mapping[str, str]:
    """The key of each spelling."""
    return {compared(name): key for key, row in _rows().items() for name in (key, *row["names"])}


@cache
def _rows() -> Mapping[str, dict[str, Any]]:
    text = (files("rempart.screening") / "data" / "columns.toml").read_text("utf-8")
    return tomllib.loads(text)
