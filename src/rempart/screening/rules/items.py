"""What a report must bring, by the day of sampling: annex 1 of MINSANTE n°101 as dated policy (data/items.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from rempart.foundation.terminology import Kind
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Report, Severity

_PERSON, _REPORT = "person", "report"
_DEFAULT_FINDING = "I01"

IS_THERE: Mapping[str, Callable[[Report], object]] = MappingProxyType(
    {
        "name": lambda r: r.person.birth_name or r.person.used_name,
        "first_names": attrgetter("person.first_names"),
        "birth_date": attrgetter("person.birth_date"),
        "sex": attrgetter("person.sex"),
        "birth_place": attrgetter("person.birth_place"),
        "ins": attrgetter("person.ins"),
        "insured_number": attrgetter("person.insured_number"),
        "address": lambda r: r.person.address.lines or r.person.address.city,
        "contact": lambda r: (
            r.person.mobile or r.person.email or r.person.relative_mobile or r.person.relative_email
        ),
        "residence": attrgetter("residence"),
        "health_worker": lambda r: r.health_worker is not None,  # a no is an answer
        "symptoms": attrgetter("symptoms"),
        "prescriber": lambda r: r.prescriber.rpps or r.prescriber.adeli,
        "general_practitioner": lambda r: r.general_practitioner.rpps or r.general_practitioner.adeli,
        "laboratory": attrgetter("laboratory.finess"),
        "record_number": attrgetter("record_number"),
        "sampled_at": attrgetter("sampled_at"),
        "validated_at": attrgetter("validated_at"),
        "documents": attrgetter("documents"),
        "specimen": attrgetter("specimen"),
        "device": attrgetter("device"),
    }
)
"""What a report brings of an item, by the item's name: something false where it brings nothing."""


class Need(StrEnum):
    """How much an item is asked for."""

    MANDATORY = "mandatory"  # the message is rejected without it
    EXPECTED = "expected"  # a warning says that it is missing
    IF_KNOWN = "if-known"  # nothing is said


_SEVERITIES = {Need.MANDATORY: Severity.ERROR, Need.EXPECTED: Severity.WARNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How much an item is asked for, from a sampling day on."""

    since: date
    need: Need
    profiles: frozenset[Profile]
    kinds: frozenset[Kind]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """One item of annex 1."""

    name: str
    number: str  # in the annex
    label_en: str
    label_fr: str
    of_person: bool  # else of each report
    finding: str  # the code of what is said where it is missing
    versions: tuple[Version, ...]  # oldest first

    def version_on(self, day: date) -> Version:
        """The version that holds for a sampling day; the first one for the days before it."""
        return next((one for one in reversed(self.versions) if one.since <= day), self.versions[0])


@dataclass(frozen=True, slots=True)
class Asked:
    """An item that must not be missing in silence, and what its absence weighs."""

    item: AskedItem
    severity: Severity
    kinds: frozenset[Kind]  # the analyses it is asked for; empty: all
    is_there: Callable[[Report], object]


@cache
def items() -> Mapping[str, AskedItem]:
    """Every item by name, in the order of the file. Raises ValueError for one that no report has a place for."""
    rows: dict[str, dict[str, Any]] = tomllib.loads(
        (files("rempart.screening") / "data" / "items.toml").read_text("utf-8")
    )
    return MappingProxyType({name: _item(name, row) for name, row in rows.items()})


@lru_cache(maxsize=4_096)
def asked_on(day: date, profile: Profile) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """What must not be missing for a specimen taken on this day: of the person, of each report."""
    asked = [
        Asked(item, _SEVERITIES[version.need], version.kinds, IS_THERE[item.name])
        for item in items().values()
        for version in [item.version_on(day)]
        if version.need in _SEVERITIES and profile in version.profiles
    ]
    of_person = tuple(one for one in asked if one.item.of_person)
    return of_person, tuple(one for one in asked if not one.item.of_person)


def _item(name: str, row: Mapping[str, Any]) -> AskedItem:
    if row["of"] not in (_PERSON, _REPORT):
        raise ValueError(
            f"items.toml, {name}: an item is of the person or of the report, not of {row['of']!r}"
        )
    versions = [_version(version) for version in row["version"]]
    if not versions or name not in IS_THERE:
        raise ValueError(f"items.toml, {name}: an item has a version, and a place in a report")
    return AskedItem(
        name=name,
        number=row["number"],
        label_en=row["label_en"],
        label_fr=row["label_fr"],
        of_person=row["of"] == _PERSON,
        finding=row.get("finding", _DEFAULT_FINDING),
        versions=tuple(sorted(versions, key=lambda version: version.since)),
    )


def _version(row: Mapping[str, Any]) -> Version:
    return Version(
        since=row["from"],
        need=Need(row["need"]),
        profiles=frozenset(Profile(name) for name in row.get("profiles", list(Profile))),
        kinds=frozenset(Kind(kind) for kind in row.get("kinds", ())),
        source=row["source"],
    )
