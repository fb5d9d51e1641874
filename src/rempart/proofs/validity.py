"""How long certificates hold, as dated data (data/validity.toml, each row with its source)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import accumulate
from operator import or_
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How long the container of an EU DCC holds after it is issued, by what it says."""

    since: date
    negative: timedelta
    positive: timedelta
    recovery: timedelta
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """From which day to which after the first positive test a recovery entry holds, both included."""

    since: date
    first_day: int
    last_day: int
    tests: frozenset[str]  # kinds of test that open it, by the value set "covid-19-lab-test-type"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a French pass accepted of a test: hours after a negative, days after a positive."""

    since: date
    naat_hours: int
    antigen_hours: int
    positive_first_day: int
    positive_last_day: int
    source: str


_Row = TypeVar("_Row", Container, Recovery, Pass)


def container(on: date) -> Container:
    """The policy of the day an EU DCC is issued."""
    return _in_force(_containers(), on)


def recovery(on: date) -> Recovery:
    """The policy of the day a recovery entry is issued."""
    return _in_force(_recoveries(), on)


def domestic_pass(on: date) -> Pass:
    """The policy of the day a pass is looked at."""
    return _in_force(_passes(), on)


def _in_force(rows: tuple[_Row, ...], on: date) -> _Row:
    """The last row that began; before the first one, the first."""
    begun = [row for row in rows if row.since <= on]
    return begun[-1] if begun else rows[0]


@cache
def _containers() -> tuple[Container, ...]:
    return tuple(
        Container(
            since=row["from"],
            negative=timedelta(days=row["negative_days"]),
            positive=timedelta(days=row["positive_days"]),
            recovery=timedelta(days=row["recovery_days"]),
            source=row["source"],
        )
        for row in _rows("container")
    )


@cache
def _recoveries() -> tuple[Recovery, ...]:
    return tuple(
        Recovery(
            since=row["from"],
            first_day=row["first_day"],
            last_day=row["last_day"],
            tests=frozenset(row["tests"]),
            source=row["source"],
        )
        for row in _rows("recovery")
    )


@cache
def _passes() -> tuple[Pass, ...]:
    return tuple(
        Pass(
            since=row["from"],
            naat_hours=row["naat_hours"],
            antigen_hours=row["antigen_hours"],
            positive_first_day=row["positive_first_day"],
            positive_last_day=row["positive_last_day"],
            source=row["source"],
        )
        for row in _rows("pass")
    )


def _rows(name: str) -> list[dict[str, Any]]:
    """The rows of one policy in their order; what a row leaves out is as in the one before."""
    text = (files("rempart.proofs") / "data" / "validity.toml").read_text("utf-8")
    rows: list[dict[str, Any]] = sorted(tomllib.loads(text)[name], key=lambda row: row["from"])
    return list(accumulate(rows, or_))
