"""The catalogue of findings: what can be said of a message, as data (screening/data/findings.toml).

Decoders and rules take every finding from here, so that a code means one thing everywhere: in the
answer to the laboratory, in the acknowledgement, on the pages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from rempart.foundation.terminology import loinc
from rempart.screening.rules.report import Finding, Severity

_FEW = 3  # characters: too short for a name or a number


class Profile(StrEnum):
    """Which rules hold: all of them, or those that do not speak of French identifiers."""

    FR = "fr"
    GENERIC = "generic"


class Acknowledgement(StrEnum):
    """HL7 table 0008, original mode."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code of the catalogue."""

    code: str
    severity: Severity
    strict_in_production: bool  # an error when the matricule comes from a real INS authority
    hl7: int  # table 0357
    hl7_at: Mapping[str, int]  # by place, where one code has several
    acknowledgement: Acknowledgement  # what an error of this code makes of the message
    profiles: frozenset[Profile]
    messages: Mapping[str, str]  # by case; templates with {values}
    text_fr: str
    do_en: str
    do_fr: str

    def hl7_code(self, location: str) -> int:
        """HL7 table 0357 for a finding of this code at a place."""
        for place, number in self.hl7_at.items():
            if location.startswith(place):
                return number
        return self.hl7


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every entry by code, in the order of the file."""
    rows: dict[str, dict[str, Any]] = tomllib.loads(
        (files("rempart.screening") / "data" / "findings.toml").read_text("utf-8")
    )
    return MappingProxyType({code: _entry(code, row) for code, row in rows.items()})


def finding(code: str, case: str, location: str, /, **values: object) -> Finding:
    """One finding of the catalogue; `values` fill the message of its case.

    Values are codes, counts and times of the message, never anything that tells who the person is:
    findings are kept unsealed. Raises KeyError for a code, a case or a value the catalogue lacks.
    """
    entry = catalogue()[code]
    message = entry.messages[case]
    return Finding(
        code=code,
        severity=entry.severity,
        location=location,
        message=message.format(**values) if values else message,
        do=entry.do_en,
    )


def shown(code: str) -> str:
    """A code of a message as a finding may quote it: a LOINC code, or a few letters.

    Anything longer could be a name or a number of the person that damage put there; the place tells enough.
    """
    if 0 < len(code) <= _FEW or loinc.looks_like_one(code):
        return code
    return f"(of {len(code)} characters)" if code else "(none)"


def place(item: str, format_name: str, location: str = "") -> str:
    """Where an item of a report ("birth_date", "result"…) stands in a format; `location` is the report's."""
    template = _places().get(format_name, {}).get(item, "")
    if "{" not in template:
        return template
    head, _, tail = location.partition(" ")
    return template.format(head=head, tail=tail).strip()


@cache
def _places() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("rempart.screening") / "data" / "places.toml").read_text("utf-8"))


def _entry(code: str, row: Mapping[str, Any]) -> Entry:
    return Entry(
        code=code,
        severity=Severity(row["severity"]),
        strict_in_production=row.get("strict_in_production", False),
        hl7=row["hl7"],
        hl7_at=MappingProxyType(dict(row.get("hl7_at", {}))),
        acknowledgement=Acknowledgement(row.get("ack", "AE")),
        profiles=frozenset(Profile(name) for name in row.get("profiles", list(Profile))),
        messages=MappingProxyType(dict(row["message"])),
        text_fr=row["text_fr"],
        do_en=row["do_en"],
        do_fr=row["do_fr"],
    )
