"""A test certificate from a JSON object, for the command line and for tools that have no Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rempart.proofs import uvci
from rempart.proofs.testcertificate import Analysis, Result, Sex, TestCertificate

_CHOICES: dict[str, Mapping[str, object]] = {
    "sex": {sex.value: sex for sex in Sex},
    "analysis": {"naat": Analysis.NAAT, "antigen": Analysis.ANTIGEN, "other": Analysis.OTHER},
    "result": {result.value: result for result in Result},
}


class ClaimsError(ValueError):
    """An object that does not describe a test certificate; the message names the field."""


def parse(data: bytes, *, secret: bytes) -> TestCertificate:
    """Read one JSON object whose keys are the fields of `TestCertificate`.

    Dates and times are ISO 8601, a time without an offset is local to `zone`; `analysis` is naat, antigen
    or other. Without `uvci`, one is derived from `secret` (random, 16 bytes or more). Raises ClaimsError.
    """
    try:
        claims = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ClaimsError(f"This is not JSON: {error}.") from error
    if not isinstance(claims, dict):
        raise ClaimsError("One JSON object is expected.")
    claims = {"uvci": uvci.derive(secret), **claims}
    known = {field.name: field for field in fields(TestCertificate)}
    for name in claims:
        if name not in known:
            raise ClaimsError(f"Unknown field {name!r}; known ones are {', '.join(known)}.")
    for name, field in known.items():
        if field.default is MISSING and name not in claims:
            raise ClaimsError(f"Field {name!r} is missing.")
    values: dict[str, Any] = {name: _value(name, value) for name, value in claims.items()}
    zone = values.get("zone", "Europe/Paris")
    try:
        local = ZoneInfo(zone)
    except (ValueError, KeyError, OSError) as error:
        raise ClaimsError("Field 'zone' is an IANA name such as Europe/Paris.") from error
    if values["sampled_at"].tzinfo is None:
        values["sampled_at"] = values["sampled_at"].replace(tzinfo=local)
    return TestCertificate(**values)


def _value(name: str, value: object) -> object:
    if name == "first_names":
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise ClaimsError("Field 'first_names' is a list of names.")
        return tuple(value)
    if not isinstance(value, str):
        raise ClaimsError(f"Field {name!r} is a text.")
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ClaimsError(f"Field {name!r} is one of {', '.join(_CHOICES[name])}.")
        return _CHOICES[name][value]
    try:
        if name == "birth_date":
            return date.fromisoformat(value)
        if name == "sampled_at":
            return datetime.fromisoformat(value)
    except ValueError as error:
        raise ClaimsError(f"Field {name!r} is ISO 8601: {error}.") from error
    return value
