"""Communes and municipal districts (Paris, Lyon, Marseille), read when first asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rempart.foundation.territories.tables import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    code: str  # INSEE (COG) code
    name: str
    department: str
    postal_codes: tuple[str, ...]
    population: int
    part_of: str  # the commune of a municipal district, empty otherwise


def commune(code: str) -> Commune | None:
    """The commune or municipal district of an INSEE code; None when there is none today."""
    return _by_code().get(code)


def communes_of(department: str, *, districts: bool = False) -> tuple[Commune, ...]:
    """The communes of a department by code; with `districts`, those of Paris, Lyon and Marseille
    take the place of their city."""
    return _by_department(districts).get(department, ())


def communes_at(postal_code: str) -> tuple[Commune, ...]:
    """The communes a postal code serves, municipal districts rather than the city they are part of."""
    return _by_postal_code().get(postal_code, ())


@cache
def _by_code() -> Mapping[str, Commune]:
    return {
        row["code"]: Commune(
            code=row["code"],
            name=row["name"],
            department=row["department"],
            postal_codes=tuple(row["postal_codes"].split()),
            population=int(row["population"]),
            part_of=row["part_of"],
        )
        for row in rows("communes.csv")
    }


@cache
def _divided() -> frozenset[str]:
    return frozenset(one.part_of for one in _by_code().values() if one.part_of)


@cache
def _by_department(districts: bool) -> Mapping[str, tuple[Commune, ...]]:
    found: dict[str, list[Commune]] = defaultdict(list)
    for one in _by_code().values():
        if one.code not in _divided() if districts else not one.part_of:
            found[one.department].append(one)
    return {department: tuple(those) for department, those in found.items()}


@cache
def _by_postal_code() -> Mapping[str, tuple[Commune, ...]]:
    found: dict[str, list[Commune]] = defaultdict(list)
    for one in _by_code().values():
        if one.code not in _divided():
            for postal_code in one.postal_codes:
                found[postal_code].append(one)
    return {postal_code: tuple(those) for postal_code, those in found.items()}
