"""Departments, overseas collectivities that stand for one, and regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from rempart.foundation.territories.tables import rows

AGE_CLASSES = ("09", "19", "29", "39", "49", "59", "69", "79", "89", "90")
"""`cl_age90` of the SI-DEP open data: the last age of each ten-year class, 90 for 90 and over."""

_METROPOLITAN_ZONE = "Europe/Paris"


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department, or an overseas collectivity in its place (975, 977, 978, 984, 986 to 989)."""

    code: str  # INSEE: "01" to "95", "2A", "2B", "971"…
    name: str
    region: str  # code of its region
    zone: str  # IANA name of its legal time
    population: int  # inhabitants, sum of its communes


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    code: str
    name: str


@cache
def departments() -> Mapping[str, Department]:
    """All departments by code, metropolitan ones first, in the order of their codes."""
    zones = {row["department"]: row["zone"] for row in rows("zones.csv")}
    return MappingProxyType(
        {
            row["code"]: Department(
                code=row["code"],
                name=row["name"],
                region=row["region"],
                zone=zones.get(row["code"], _METROPOLITAN_ZONE),
                population=int(row["population"]),
            )
            for row in rows("departments.csv")
        }
    )


def department(code: str) -> Department:
    """One department. Raises LookupError when no department has that code."""
    try:
        return departments()[code]
    except KeyError:
        raise LookupError(f"no department has the code {code!r}") from None


@cache
def regions() -> Mapping[str, Region]:
    """All regions by code; an overseas collectivity is its own region."""
    return MappingProxyType(
        {row["code"]: Region(code=row["code"], name=row["name"]) for row in rows("regions.csv")}
    )


def region(code: str) -> Region:
    """One region. Raises LookupError when no region has that code."""
    try:
        return regions()[code]
    except KeyError:
        raise LookupError(f"no region has the code {code!r}") from None


@cache
def zone_of(department: str) -> ZoneInfo:
    """The legal time of a department, by which its civil days are counted.

    Europe/Paris for a code that is none, empty included: the legal time of the State.
    """
    found = departments().get(department)
    return ZoneInfo(found.zone if found else _METROPOLITAN_ZONE)


@lru_cache(maxsize=65_536)
def department_of(postal_code: str = "", *, commune: str = "") -> str:
    """The department of an address: by its INSEE commune code if given, else by its postal code.

    Empty when neither tells. Postal codes follow the department but for Corsica (200 and 201 in 2A,
    202 to 206 in 2B), the collectivities of Saint-Barthélemy, Saint-Martin and Clipperton and one
    place near Orly (data/postal_codes.csv); where several departments share a code, the one it names.
    """
    commune, postal_code = commune.strip().upper(), postal_code.replace(" ", "")
    if len(commune) == 5:
        found = commune[:3] if commune[:2] in ("97", "98") else commune[:2]
        if found in departments():
            return found
    if len(postal_code) != 5 or not (postal_code.isascii() and postal_code.isdigit()):
        return ""
    if exception := _postal_exceptions().get(postal_code):
        return exception
    if postal_code[:2] == "20":
        return {"0": "2A", "1": "2A", "2": "2B", "6": "2B"}.get(postal_code[2], "")
    found = postal_code[:3] if postal_code[:2] in ("97", "98") else postal_code[:2]
    return found if found in departments() else ""


@cache
def population_by_class(department: str) -> Mapping[str, float]:
    """Inhabitants of a department by class of AGE_CLASSES; empty where no figure exists.

    The figures are those SI-DEP's rates were computed with (INSEE estimate of 1 January 2020);
    small collectivities have fractional ones.
    """
    return _populations().get(department, MappingProxyType({}))


@cache
def _populations() -> Mapping[str, Mapping[str, float]]:
    return {
        row["department"]: MappingProxyType({c: float(row[c]) for c in AGE_CLASSES})
        for row in rows("population_2020.csv")
    }


@cache
def _postal_exceptions() -> Mapping[str, str]:
    return {row["postal_code"]: row["department"] for row in rows("postal_codes.csv")}
