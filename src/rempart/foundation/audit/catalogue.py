"""What may be written in the trail: data/catalogue.toml, as values, and what departs from it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources

MOST_TEXT = 2000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,79}")

Value = int | bool | str | list[str]
"""What a detail may be, in JSON."""


class Kind(StrEnum):
    """What sort of act it is."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    COMMUNICATE = "communicate"
    SIGN_IN = "sign-in"
    REFUSED = "refused"
    OVERSIGHT = "oversight"


class Detail(StrEnum):
    """What a detail is made of."""

    INT = "int"
    BOOL = "bool"
    CODE = "code"
    CODES = "codes"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One act as the catalogue declares it; `told` is empty when it is not about one person."""

    code: str
    label: str
    told: str
    kind: Kind
    purposes: frozenset[str]
    fields: tuple[str, ...]
    details: Mapping[str, Detail]


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Declaration]:
    """Every act, by its code. Raises ValueError when the file names a kind or a type that does not exist."""
    text = resources.files(__package__).joinpath("data/catalogue.toml").read_text("utf-8")
    return {
        code: Declaration(
            code=code,
            label=row["label"],
            told=row.get("told", ""),
            kind=Kind(row["kind"]),
            purposes=frozenset(row["purposes"]),
            fields=tuple(row.get("fields", ())),
            details={name: Detail(of) for name, of in row.get("details", {}).items()},
        )
        for code, row in tomllib.loads(text).items()
    }


def deviations(declared: Declaration, *, purpose: str, details: Mapping[str, object]) -> list[str]:
    """Where an entry departs from its declaration, in words; the values themselves are not repeated."""
    return list(_deviations(declared, purpose, details))


def _deviations(declared: Declaration, purpose: str, details: Mapping[str, object]) -> Iterator[str]:
    if purpose not in declared.purposes:
        yield f"{declared.code} is not declared for the purpose {purpose}"
    for name, value in details.items():
        of = declared.details.get(name)
        if of is None:
            yield f"{declared.code} has no detail {name}"
        elif not _fits(of, value):
            yield f"{declared.code}: the detail {name} is not {of}"


def _fits(of: Detail, value: object) -> bool:
    match of:
        case Detail.INT:
            return isinstance(value, int) and not isinstance(value, bool)
        case Detail.BOOL:
            return isinstance(value, bool)
        case Detail.CODE:
            return isinstance(value, str) and (value == "" or _CODE.fullmatch(value) is not None)
        case Detail.CODES:
            return isinstance(value, list | tuple) and all(_fits(Detail.CODE, one) for one in value)
        case Detail.TEXT:
            return isinstance(value, str) and len(value) <= MOST_TEXT


def touched(declared: Declaration, sees: Iterable[str]) -> list[str]:
    """The groups of fields that an act touched: those declared, less what the actor is not shown.

    An actor without any group (a machine, the platform itself) is bounded by nothing.
    """
    seen = set(sees)
    return [group for group in declared.fields if not seen or group in seen]
