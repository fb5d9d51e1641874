"""What an EU DCC holds that its JSON schema (1.3.x) and its value sets do not foresee: warnings, never a refusal.

Issuers of every country have strayed from the schema; whether a certificate holds is a matter of
signature and dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache

from rempart.proofs import uvci, valuesets
from rempart.proofs.trust import Usage

_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_BIRTH_DATE = re.compile(r"((19|20)\d\d(-\d\d){0,2})?", re.ASCII)
_STANDARD_NAME = re.compile(r"[A-Z<]{1,80}")
_FRENCH = "URN:UVCI:01:FR:"  # other issuers compute the checksum in other ways, or not at all
_REQUIRED = {
    Usage.TEST: ("tg", "tt", "sc", "tr", "co", "is", "ci"),
    Usage.VACCINATION: ("tg", "vp", "mp", "ma", "dn", "sd", "dt", "co", "is", "ci"),
    Usage.RECOVERY: ("tg", "fr", "co", "is", "df", "du", "ci"),
}
_DATES = ("dt", "fr", "df", "du")
_TEXTS = ("nm", "tc", "is", "ci")  # at most 80 characters
_COUNTS = ("dn", "sd")
_VALUE_SETS = {
    "tg": "disease-agent-targeted",
    "tt": "covid-19-lab-test-type",
    "tr": "covid-19-lab-result",
    "vp": "sct-vaccines-covid-19",
    "mp": "vaccines-covid-19-names",
    "co": "country-2-codes",
}
_MAKERS = {  # field `ma`
    Usage.TEST: "covid-19-lab-test-manufacturer-and-name",
    Usage.VACCINATION: "vaccines-covid-19-auth-holders",
}


def deviations(certificate: Mapping[object, object]) -> tuple[str, ...]:
    """One sentence per deviation, naming the field, without repeating its value."""
    return tuple(_deviations(certificate))


def _deviations(certificate: Mapping[object, object]) -> Iterator[str]:
    version = certificate.get("ver")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        yield "ver: not a schema version such as 1.3.0"
    yield from _name_deviations(certificate.get("nam"))
    birth = certificate.get("dob")
    if not isinstance(birth, str) or not _BIRTH_DATE.fullmatch(birth):
        yield "dob: not a year, a month or a day of 1900–2099"
    groups = [usage for usage in Usage if certificate.get(usage)]
    if len(groups) != 1:
        yield f"v, t, r: exactly one expected, {len(groups)} found"
    for usage in groups:
        yield from _group_deviations(usage, certificate[usage])


def _name_deviations(name: object) -> Iterator[str]:
    if not isinstance(name, Mapping):
        yield "nam: missing"
        return
    standard = [name[field] for field in ("fnt", "gnt") if name.get(field) not in (None, "")]
    if not standard:
        yield "nam: neither fnt nor gnt"
    if not all(isinstance(part, str) and _STANDARD_NAME.fullmatch(part) for part in standard):
        yield "nam: fnt and gnt hold A–Z and < only, at most 80 characters"


def _group_deviations(usage: Usage, group: object) -> Iterator[str]:
    entries = group if isinstance(group, list | tuple) else ()
    if len(entries) != 1 or not isinstance(entries[0], Mapping):
        yield f"{usage}: exactly one entry expected"
        return
    entry = entries[0]
    missing = [field for field in _REQUIRED[usage] if field not in entry]
    if missing:
        yield f"{usage}: without {', '.join(missing)}"
    yield from (f"{usage}.{field}: {problem}" for field, problem in _field_deviations(entry))
    yield from _code_deviations(usage, entry)
    identifier = entry.get("ci")
    if isinstance(identifier, str) and identifier.startswith(_FRENCH) and not uvci.is_consistent(identifier):
        yield f"{usage}.ci: the checksum of the identifier does not fit"


def _field_deviations(entry: Mapping[object, object]) -> Iterator[tuple[str, str]]:
    for field in _DATES:
        if field in entry and not _is_date(entry[field]):
            yield field, "not a date such as 2021-07-01"
    if "sc" in entry and not _is_moment(entry["sc"]):
        yield "sc", "not a time with its offset, such as 2021-07-01T08:00:00+02:00"
    for field in _TEXTS:
        value = entry.get(field, "")
        if not isinstance(value, str) or len(value) > 80:
            yield field, "not a text of at most 80 characters"
    for field in _COUNTS:
        value = entry.get(field, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield field, "not a number of doses"


def _code_deviations(usage: Usage, entry: Mapping[object, object]) -> Iterator[str]:
    known = _known_codes()
    sets = _VALUE_SETS | ({"ma": _MAKERS[usage]} if usage in _MAKERS else {})
    for field, name in sets.items():
        code = entry.get(field, "")
        if field in entry and not (isinstance(code, str) and code in known[name].codes):
            yield f"{usage}.{field}: not in the value set {name} of {known[name].on}"


@cache
def _known_codes() -> Mapping[str, valuesets.ValueSet]:
    """The latest of every shipped set: codes are retired, hardly ever taken out."""
    return valuesets.in_force(valuesets.shipped(), date.max)


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
