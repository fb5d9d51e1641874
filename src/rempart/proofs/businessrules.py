"""The EU's business rules: which ones ask something of a certificate at a moment, and whether it satisfies them.

"EU DCC Validation Rules" of the eHealth Network, 1.00. Rules of acceptance are those of the country of arrival, rules
of invalidation those of the country that issued the certificate. A rule that gives true is satisfied, of either
type. Rules judge what a certificate says; whether it holds is for `verdict.verify`, before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rempart.proofs import certlogic, valuesets
from rempart.proofs.trust import Usage

_FILE_LIMIT = 8_000_000  # bytes; all rules of all countries are under 1 MB


class RuleError(Exception):
    """A rule that cannot be used; the message says which file and why."""


class Type(StrEnum):
    """Whose rule it is: of the country one comes to, or of the one that issued the certificate."""

    ACCEPTANCE = "Acceptance"
    INVALIDATION = "Invalidation"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"  # it could not be judged: another engine or schema, or an expression without value


_KINDS = {"General": None, "Test": Usage.TEST, "Vaccination": Usage.VACCINATION, "Recovery": Usage.RECOVERY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of one rule, as its country publishes it."""

    identifier: str  # TR-FR-0002
    type: Type
    country: str  # ISO 3166-1 alpha-2
    region: str  # empty: the whole country
    version: tuple[int, ...]
    schema_version: tuple[int, ...]  # the oldest certificates it can judge
    engine: str
    engine_version: tuple[int, ...]
    usage: Usage | None  # None: certificates of every kind
    valid_from: datetime
    valid_to: datetime
    logic: object
    affected_fields: tuple[str, ...]
    descriptions: Mapping[str, str]  # by language

    def description(self, language: str) -> str:
        """In a language, else in English, else in any."""
        texts = self.descriptions
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule said of one certificate."""

    rule: Rule
    outcome: Outcome
    problem: str = ""  # why it is open


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """For whom and when the certificate is looked at."""

    country: str  # of arrival, ISO 3166-1 alpha-2
    at: datetime  # aware
    region: str = ""


def parse(data: bytes, *, source: str = "") -> tuple[Rule, ...]:
    """The rules in one file, an object or an array of them. Raises RuleError."""
    try:
        content = json.loads(data)
        return tuple(_rule(one) for one in (content if isinstance(content, list) else [content]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RuleError(f"{source or 'This'} is no rule for EU certificates: {error!r}.") from error


def load(folder: Path) -> tuple[Rule, ...]:
    """Every `*.json` under a folder. Raises RuleError when one cannot be read, or there is none."""
    paths = sorted(folder.rglob("*.json"))
    if not paths:
        raise RuleError(f"{folder} holds no rule (*.json).")
    found: list[Rule] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(_FILE_LIMIT + 1)
        except OSError as error:
            raise RuleError(f"Cannot read {path}: {error.strerror}.") from error
        if len(data) > _FILE_LIMIT:
            raise RuleError(f"{path} is larger than {_FILE_LIMIT // 1_000_000} MB: no rule.")
        found.extend(parse(data, source=str(path)))
    return tuple(found)


@cache
def shipped() -> tuple[Rule, ...]:
    """The rules of the package (data/rules/, with SOURCE.md): those of France."""
    folder = files("rempart.proofs") / "data" / "rules"
    return tuple(
        rule
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
        for rule in parse(entry.read_bytes(), source=entry.name)
    )


def in_force(
    rules: Iterable[Rule], *, journey: Journey, issuer: str, usages: frozenset[Usage]
) -> tuple[Rule, ...]:
    """The rules that ask something of a certificate: of each identifier the latest version valid at that moment."""
    latest: dict[str, Rule] = {}
    for rule in rules:
        country = journey.country if rule.type is Type.ACCEPTANCE else issuer
        concerned = (
            rule.country == country
            and rule.region in ("", journey.region)
            and (rule.usage is None or rule.usage in usages)
            and rule.valid_from <= journey.at <= rule.valid_to
        )
        known = latest.get(rule.identifier)
        if concerned and (known is None or known.version < rule.version):
            latest[rule.identifier] = rule
    return tuple(latest[identifier] for identifier in sorted(latest))


def judge(
    claims: Mapping[str, Any],
    *,
    rules: Iterable[Rule],
    value_sets: Iterable[valuesets.ValueSet],
    journey: Journey,
) -> tuple[Finding, ...]:
    """What every rule in force says of a certificate, given its claims (`dcc.Envelope.claims`)."""
    payload = claims["dcc"]
    usages = frozenset(usage for usage in Usage if payload.get(usage))
    issuer = _issuer(claims, usages)
    at = journey.at.astimezone(UTC)
    sets = valuesets.in_force(value_sets, at.date())
    data = {
        "payload": payload,
        "external": {
            "validationClock": at.isoformat(timespec="milliseconds"),
            "valueSets": {name: sorted(one.codes) for name, one in sets.items()},
            "countryCode": journey.country,
            "issuerCountryCode": issuer,
            "region": journey.region,
            "iat": claims["iat"],
            "exp": claims["exp"],
            "kid": claims["kid"],
        },
    }
    chosen = in_force(rules, journey=journey, issuer=issuer, usages=usages)
    return tuple(_judge(rule, data, _version_of(payload.get("ver"))) for rule in chosen)


def _judge(rule: Rule, data: object, schema: tuple[int, ...]) -> Finding:
    if rule.engine != "CERTLOGIC" or rule.engine_version > certlogic.VERSION:
        return Finding(rule=rule, outcome=Outcome.OPEN, problem="for another engine than CertLogic 1.3.2")
    if schema < rule.schema_version:
        return Finding(rule=rule, outcome=Outcome.OPEN, problem="for certificates of a newer schema")
    try:
        value = certlogic.evaluate(rule.logic, data)
    except certlogic.CertLogicError as error:
        return Finding(rule=rule, outcome=Outcome.OPEN, problem=str(error))
    if not isinstance(value, bool):
        return Finding(rule=rule, outcome=Outcome.OPEN, problem="its expression is neither true nor false")
    return Finding(rule=rule, outcome=Outcome.PASSED if value else Outcome.FAILED)


def _issuer(claims: Mapping[str, Any], usages: frozenset[Usage]) -> str:
    """Who issued the certificate: the container's issuer, else the country in its entry."""
    if claims.get("iss"):
        return str(claims["iss"])
    for usage in usages:
        group = claims["dcc"][usage]
        if isinstance(group, list) and isinstance(group[0], dict):
            return str(group[0].get("co", ""))
    return ""


def _rule(content: Any) -> Rule:
    return Rule(
        identifier=str(content["Identifier"]),
        type=Type(content["Type"]),
        country=str(content["Country"]).upper(),
        region=str(content.get("Region") or ""),
        version=_version(content["Version"]),
        schema_version=_version(content["SchemaVersion"]),
        engine=str(content["Engine"]),
        engine_version=_version(content["EngineVersion"]),
        usage=_KINDS[content["CertificateType"]],
        valid_from=_moment(content["ValidFrom"]),
        valid_to=_moment(content["ValidTo"]),
        logic=content["Logic"],
        affected_fields=tuple(str(field) for field in content["AffectedFields"]),
        descriptions={str(text["lang"])[:2].lower(): str(text["desc"]) for text in content["Description"]},
    )


def _version(text: str) -> tuple[int, ...]:
    parts = tuple(int(part) for part in text.split("."))
    if len(parts) != 3:
        raise ValueError(f"{text!r} is no version such as 1.0.0")
    return parts


def _version_of(text: object) -> tuple[int, ...]:
    """The schema version a certificate names; none that can be read counts as the oldest."""
    try:
        return _version(text) if isinstance(text, str) else (0,)
    except ValueError:
        return (0,)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
