"""The value sets of the EU DCC: which codes each field may hold, as files in the eHealth Network's shape.

`{"valueSetId": …, "valueSetDate": "2021-07-01", "valueSetValues": {code: {"display": …, "active": …}}}`. Several
versions of one set may stand side by side; the one in force on a day is the last one dated then or before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

_FILE_LIMIT = 8_000_000  # bytes; the longest set, devices, is under 1 MB


class ValueSetError(Exception):
    """A value set that cannot be used; the message says which file and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """One version of one set. A retired code stays in it: what was certified with it holds."""

    id: str
    on: date
    codes: frozenset[str]


def parse(data: bytes, *, source: str = "") -> ValueSet:
    """One file's set. Raises ValueSetError."""
    try:
        content = json.loads(data)
        values = content["valueSetValues"]
        if not isinstance(values, dict):
            raise TypeError("valueSetValues is not an object")
        return ValueSet(
            id=str(content["valueSetId"]),
            on=date.fromisoformat(str(content["valueSetDate"])[:10]),
            codes=frozenset(values),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueSetError(
            f"{source or 'This'} is no value set of the eHealth Network: {error!r}."
        ) from error


def load(folder: Path) -> tuple[ValueSet, ...]:
    """Every `*.json` of a folder. Raises ValueSetError when one cannot be read, or there is none."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ValueSetError(f"{folder} holds no value set (*.json).")
    try:
        found = [(path, path.read_bytes()) for path in paths if path.stat().st_size <= _FILE_LIMIT]
    except OSError as error:
        raise ValueSetError(f"Cannot read {error.filename}: {error.strerror}.") from error
    if len(found) != len(paths):
        raise ValueSetError(f"A file in {folder} is larger than {_FILE_LIMIT // 1_000_000} MB: no value set.")
    return tuple(parse(data, source=str(path)) for path, data in found)


@cache
def shipped() -> tuple[ValueSet, ...]:
    """The sets of the package (data/valuesets/, with SOURCE.md)."""
    folder = files("rempart.proofs") / "data" / "valuesets"
    return tuple(
        parse(entry.read_bytes(), source=entry.name)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
    )


def in_force(sets: Iterable[ValueSet], on: date) -> Mapping[str, ValueSet]:
    """By identifier, the version of a day: the last one dated then or before, else the earliest."""
    found: dict[str, ValueSet] = {}
    for one in sorted(sets, key=lambda one: one.on):
        if one.id not in found or one.on <= on:
            found[one.id] = one
    return found
