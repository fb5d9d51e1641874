"""Why a machine's request was not looked into, or not kept: stable codes, their HTTP status and their words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from rempart.screening.rules.answer import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One code of data/refusals.toml. `retry`: seconds until the same may be tried again; 0: it is of no use."""

    code: str
    status: int
    words: Mapping[Language, str]
    retry: int = 0

    def problem(self, language: Language) -> dict[str, Any]:
        """The refusal as RFC 9457 wants it."""
        return {
            "type": f"urn:rempart:{self.code}",
            "title": self.code,
            "status": self.status,
            "detail": self.words[language],
        }

    def headers(self) -> dict[str, str]:
        """What the answer carries beside it."""
        said = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        return said | ({"Retry-After": str(self.retry)} if self.retry else {})


@cache
def refusals() -> Mapping[str, Refusal]:
    """Every refusal by code."""
    rows = tomllib.loads((files("rempart.screening") / "data" / "refusals.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            code: Refusal(
                code=code,
                status=row["status"],
                words={language: row[language.value] for language in Language},
                retry=row.get("retry", 0),
            )
            for code, row in rows.items()
        }
    )


class Refused(Exception):
    """A request that was not looked into; nothing was kept. Raises KeyError for a code that does not exist."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.refusal = refusals()[code]
