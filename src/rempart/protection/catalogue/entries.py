"""The catalogue as values: processings, tables, fields; who sees a field and how long it stays follow from other tables."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from rempart.foundation.access.rights import Fields, Right, Role, table
from rempart.foundation.retention import Kind, retentions
from rempart.foundation.terminology import pathogen, pathogens

COLUMNS = (
    "store",
    "table",
    "field",
    "form",
    "what",
    "group",
    "seen_by",
    "processing",
    "purpose",
    "basis",
    "retention",
)


class Form(StrEnum):
    """How a field is kept."""

    SEALED = "sealed"  # encrypted, under a key that is destroyed on its day
    DIGEST = "digest"  # keyed or plain; compared, never read back
    KEY = "key"  # a name of ours for a thing; says nothing by itself
    SIGNATURE = "signature"
    CREDENTIAL = "credential"  # a secret, or derived from one; never shown
    CLEAR = "clear"


class Store(StrEnum):
    POSTGRESQL = "postgresql"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """Something that is done with data, and the law that lets it."""

    code: str
    title: str
    title_fr: str
    why: str
    why_fr: str
    whose_fr: str
    basis: str
    basis_fr: str
    rights: tuple[Right, ...]
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`sees`: the groups of a person's fields that it belongs to, or that are inside; none when it is not a person's."""

    name: str
    form: Form
    what: str
    sees: tuple[Fields, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    store: Store
    what: str
    processing: Processing
    retention: str  # in words
    fields: tuple[Field, ...]


@cache
def processings() -> Mapping[str, Processing]:
    """Every processing by its code. Raises ValueError where it names a right or a kind that does not exist."""
    return {
        code: Processing(
            code=code,
            rights=tuple(Right(right) for right in row.pop("rights")),
            kinds=tuple(Kind(kind) for kind in row.pop("kinds")),
            **row,
        )
        for code, row in _read("processings.toml").items()
    }


@cache
def tables() -> tuple[Table, ...]:
    """Every table, room by room. Raises ValueError or KeyError where a row names what does not exist."""
    folder = resources.files(__package__).joinpath("data/tables")
    found = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        for name, row in tomllib.loads(file.read_text("utf-8")).items():
            found.append(
                Table(
                    name=name,
                    store=Store(row.get("store", "postgresql")),
                    what=row["what"],
                    processing=processings()[row["processing"]],
                    retention=kept(row["retention"]),
                    fields=tuple(
                        Field(
                            name=field,
                            form=Form(one["form"]),
                            what=one["what"],
                            sees=tuple(Fields(group) for group in one.get("sees", ())),
                        )
                        for field, one in row["fields"].items()
                    ),
                )
            )
    return tuple(found)


def kept(word: str) -> str:
    """How long, in words: of retentions.toml, or of a kind of retention. Raises KeyError for another word."""
    own = _read("retentions.toml")
    if word in own:
        return str(own[word])
    if word == Kind.RESULT:
        return "; ".join(f"{name}: {_days(days)}" for name, days in results_kept().items())
    if word not in set(Kind):
        raise KeyError(word)
    found = retentions()[Kind(word)]
    return f"{found.versions[-1].days} days from: {found.counts}"


def results_kept() -> Mapping[str, Mapping[str, int]]:
    """How many days a result is kept now, by pathogen and result."""
    return {
        name: {letter: pathogen(name).retention_of(letter)[-1].days for letter in pathogen(name).results}
        for name in pathogens()
    }


def seen_by(field: Field) -> tuple[Role, ...]:
    """The roles of which some right gives a group of this field; none for what is shown to nobody as such."""
    groups = set(field.sees)
    roles = {role for row in table().values() if groups & set(row.sees) for role in row.to}
    return tuple(role for role in Role if role in roles)


def lines() -> Iterator[tuple[str, ...]]:
    """The whole catalogue, a line for each field, under COLUMNS."""
    for one in tables():
        for field in one.fields:
            yield (
                one.store.value,
                one.name,
                field.name,
                field.form.value,
                field.what,
                " ".join(field.sees),
                " ".join(seen_by(field)),
                one.processing.code,
                one.processing.why,
                one.processing.basis,
                one.retention,
            )


def as_csv() -> str:
    """The whole catalogue as CSV: semicolons, UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(lines())
    return out.getvalue()


def _days(days: Mapping[str, int]) -> str:
    numbers = {number: [one for one, value in days.items() if value == number] for number in days.values()}
    return ", ".join(f"{'/'.join(letters)} {number} days" for number, letters in numbers.items())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("data", name).read_text("utf-8"))
