"""A pathogen as data: its analyses, the rules of its results, its dated policies and its texts.

Whatever changed with time is dated: from which sampling day an analysis is taken, and which markers a screening of
positives must give.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rempart.foundation.retention import CEILING, Version
from rempart.foundation.terminology import loinc

_LETTERS = ("P", "N", "I", "X")


class PathogenError(ValueError):
    """A pathogen file that cannot be used; the message says where and why."""


class Kind(StrEnum):
    """How an analysis looks for the pathogen."""

    NAAT = "naat"  # nucleic acid amplification: RT-PCR, LAMP
    ANTIGEN = "antigen"
    SEROLOGY = "serology"
    PANEL = "panel"  # a heading over several results
    COMPONENT = "component"  # one gene target of a NAAT, never a result on its own
    QUANTITY = "quantity"  # a measured value, not a positive or a negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis, by its LOINC code."""

    loinc: str
    kind: Kind
    published: bool  # its result is given to the person and counted
    label_fr: str
    label_en: str
    certificate: str  # EU test type (LP6464-4, LP217198-3), empty when it gives no EU certificate
    specimen: str
    since: date  # the sampling day from which it is taken
    screened: bool  # its positives are screened for markers


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A result in one language."""

    label: str
    advice: tuple[str, ...]  # paragraphs


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRule:
    """What one of the four results means for this pathogen."""

    letter: str
    label_fr: str
    label_en: str
    eu_result: str  # SNOMED CT code in an EU certificate, empty when the result gives none
    advice: str  # key of the text for the person
    advice_fr: tuple[str, ...]  # paragraphs
    advice_en: tuple[str, ...]
    elsewhere: Mapping[str, Said] = field(default_factory=dict)  # in languages that not every disease has

    def said(self, language: str) -> Said:
        """In a language, or in French where the disease's file does not speak it."""
        if language == "en":
            return Said(label=self.label_en, advice=self.advice_en)
        return self.elsewhere.get(language) or Said(label=self.label_fr, advice=self.advice_fr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One mutation or variant that a screening looks for."""

    code: str  # "A", "B"…; what stands after SIDEP-MUT- in a message
    label: str  # what it stands for: "E484K"
    since: date  # the sampling day from which it is asked for
    until: date | None  # the one from which it is no longer; it may still be given

    def asked_on(self, day: date) -> bool:
        """Whether a screening of a specimen taken on this day must give it."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Values of markers that together mean something to be said."""

    values: Mapping[str, str]
    since: date
    meaning_en: str
    meaning_fr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """The screening of positives for mutations; without markers where a pathogen knows none."""

    kinds: frozenset[Kind]  # the analyses whose positives are screened
    values: Mapping[str, str]  # the values of a marker, and what each says
    markers: Mapping[str, Marker]  # by code
    combinations: tuple[Combination, ...]

    def asked_on(self, day: date) -> tuple[Marker, ...]:
        """What a screening of a specimen taken on this day must give."""
        return tuple(marker for marker in self.markers.values() if marker.asked_on(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in force from a day on."""

    since: date
    sampling_age_limit_days: int  # an older sampling date is a warning when the result arrives
    retention_days: Mapping[str, int]  # by result letter, from collection; see foundation.retention
    extends_kept: bool  # a longer retention applies to what is kept already, too
    case_kinds: frozenset[Kind]  # a positive of these kinds makes a case to call
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathogen:
    name: str
    label_fr: str
    label_en: str
    disease_agent: str  # SNOMED CT, the `tg` of an EU certificate
    analyses: Mapping[str, Analysis]  # by LOINC code
    label_pattern: re.Pattern[str]  # an analysis label that speaks of this pathogen
    not_results: Mapping[str, str]  # codes met in place of a result that are none: code -> what it is
    results: Mapping[str, ResultRule]  # by letter
    results_by_kind: Mapping[tuple[str, Kind], ResultRule]  # where a kind of analysis says something else
    screening: Screening
    policies: tuple[Policy, ...]  # oldest first
    source: str
    vintage: str

    def analysis(self, code: str) -> Analysis | None:
        """The analysis of a LOINC code, None when it is not one of this pathogen."""
        return self.analyses.get(code)

    def meaning(self, letter: str, kind: Kind) -> ResultRule:
        """What a result means when this kind of analysis gave it."""
        return self.results_by_kind.get((letter, kind)) or self.results[letter]

    def policy_on(self, day: date) -> Policy:
        """The policy in force on a day; the first one for the days before it."""
        in_force = self.policies[0]
        for policy in self.policies:
            if policy.since <= day:
                in_force = policy
        return in_force

    def retention_of(self, result: str) -> tuple[Version, ...]:
        """How long results of a letter are kept, as dated versions, oldest first."""
        return tuple(
            Version(
                since=policy.since,
                days=policy.retention_days[result],
                extends_kept=policy.extends_kept,
                source=policy.source,
            )
            for policy in self.policies
        )


@cache
def pathogen(name: str) -> Pathogen:
    """A pathogen that comes with the package. Raises LookupError for another name."""
    source = _folder() / f"{name}.toml"
    if name not in pathogens():
        raise LookupError(f"no pathogen {name!r}; there are: {', '.join(pathogens())}")
    return load_pathogen(source)


@cache
def pathogens() -> tuple[str, ...]:
    """The names of the pathogens that come with the package."""
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))
    )


def load_pathogen(path: Path | Traversable) -> Pathogen:
    """Read and check one pathogen file. Raises PathogenError with the place of the first fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _pathogen(data)
    except (KeyError, TypeError, ValueError, re.error) as fault:
        what = f"missing {fault}" if isinstance(fault, KeyError) else str(fault)
        raise PathogenError(f"{path.name}: {what}") from fault


def _folder() -> Traversable:
    return files(__package__) / "data" / "pathogens"


def _pathogen(data: Mapping[str, Any]) -> Pathogen:
    screening = _screening(data.get("screening", {}))
    analyses: dict[str, Analysis] = {}
    for row in data["analysis"]:
        analysis = _analysis(row, screening)
        if analysis.loinc in analyses:
            raise ValueError(f"analysis {analysis.loinc} is there twice")
        analyses[analysis.loinc] = analysis
    if tuple(sorted(data["result"])) != tuple(sorted(_LETTERS)):
        raise ValueError(f"[result] must have exactly {', '.join(_LETTERS)}")
    return Pathogen(
        name=data["name"],
        label_fr=data["label_fr"],
        label_en=data["label_en"],
        disease_agent=data["disease_agent"],
        analyses=MappingProxyType(analyses),
        label_pattern=re.compile(data["label_pattern"]),
        not_results=MappingProxyType(dict(data["not_results"])),
        results=MappingProxyType({k: _result(k, row) for k, row in data["result"].items()}),
        results_by_kind=MappingProxyType(_by_kind(data["result"])),
        screening=screening,
        policies=_policies(data["policy"]),
        source=data["source"],
        vintage=data["vintage"],
    )


def _analysis(row: Mapping[str, Any], screening: Screening) -> Analysis:
    code = row["loinc"]
    if not loinc.is_valid(code):
        raise ValueError(f"analysis {code} is not a LOINC code with the right check digit")
    kind = Kind(row["kind"])
    return Analysis(
        loinc=code,
        kind=kind,
        published=row["published"],
        label_fr=row["label_fr"],
        label_en=row["label_en"],
        certificate=row.get("certificate", ""),
        specimen=row.get("specimen", ""),
        since=row.get("from", date.min),
        screened=kind in screening.kinds,
    )


def _result(letter: str, row: Mapping[str, Any]) -> ResultRule:
    return ResultRule(
        letter=letter,
        label_fr=row["label_fr"],
        label_en=row["label_en"],
        eu_result=row.get("eu_result", ""),
        advice=row["advice"],
        advice_fr=tuple(row["advice_fr"]),
        advice_en=tuple(row["advice_en"]),
        elsewhere=MappingProxyType(
            {
                name.removeprefix("advice_"): Said(
                    label=row[name.replace("advice", "label")], advice=tuple(text)
                )
                for name, text in row.items()
                if name.startswith("advice_") and name not in ("advice_fr", "advice_en")
            }
        ),
    )


def _by_kind(results: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, Kind], ResultRule]:
    """[result.P.serology] and the like; what it leaves out is as in [result.P]."""
    return {
        (letter, kind): _result(letter, {**row, **row[kind.value]})
        for letter, row in results.items()
        for kind in Kind
        if kind.value in row
    }


def _screening(data: Mapping[str, Any]) -> Screening:
    markers = {
        row["code"]: Marker(code=row["code"], label=row["label"], since=row["from"], until=row.get("until"))
        for row in data.get("marker", ())
    }
    if len(markers) != len(data.get("marker", ())):
        raise ValueError("a marker of [screening] is there twice")
    values = dict(data.get("values", {}))
    combinations = tuple(
        Combination(
            values=MappingProxyType(dict(row["values"])),
            since=row["from"],
            meaning_en=row["meaning_en"],
            meaning_fr=row["meaning_fr"],
        )
        for row in data.get("combination", ())
    )
    for combination in combinations:
        for code, value in combination.values.items():
            if code not in markers or value not in values:
                raise ValueError(f"combination of [screening]: {code} = {value} is no marker with a value")
    return Screening(
        kinds=frozenset(Kind(k) for k in data.get("kinds", ())),
        values=MappingProxyType(values),
        markers=MappingProxyType(markers),
        combinations=combinations,
    )


def _policies(rows: list[Mapping[str, Any]]) -> tuple[Policy, ...]:
    """Dated rows, oldest first; what a row leaves out is as before."""
    policies: list[Policy] = []
    before: dict[str, Any] = {}
    for row in sorted(rows, key=lambda r: r["from"]):
        now = {**before, **row}
        retention = now["retention_days"]
        if set(retention) != set(_LETTERS):
            raise ValueError(f"policy of {now['from']}: retention_days must name {', '.join(_LETTERS)}")
        if not all(0 < days <= CEILING.days for days in retention.values()):
            raise ValueError(f"policy of {now['from']}: results are kept from 1 to {CEILING.days} days")
        policies.append(
            Policy(
                since=now["from"],
                sampling_age_limit_days=now["sampling_age_limit_days"],
                retention_days=MappingProxyType(dict(retention)),
                extends_kept=row.get("extends_kept", False),
                case_kinds=frozenset(Kind(k) for k in now["case_kinds"]),
                source=now["source"],
            )
        )
        before = now
    if not policies:
        raise ValueError("no policy")
    return tuple(policies)
