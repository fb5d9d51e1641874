"""Reading claims: whatever a provider sends becomes short clean text, or a finding that names the claim."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 200  # characters of one claim
MOST = 50  # elements of one list


class Fault(StrEnum):
    MISSING = "missing"
    MALFORMED = "malformed"
    KEY = "key"  # a check digit is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one claim; `claim` is a path of names and ranks, never a value."""

    claim: str
    fault: Fault


class Reader:
    """One object of claims; what is wrong in it is gathered in `findings`, shared with the objects inside."""

    def __init__(self, claims: object, *, path: str = "", findings: list[Finding] | None = None) -> None:
        self.findings = [] if findings is None else findings
        self._path = path
        self._claims: Mapping[object, object] = claims if isinstance(claims, Mapping) else {}
        if not isinstance(claims, Mapping):
            self.find("", Fault.MALFORMED)

    def find(self, name: str, fault: Fault) -> None:
        """Note that something is wrong with a claim."""
        self.findings.append(Finding(claim=self._full(name), fault=fault))

    def text(self, name: str, *, required: bool = False) -> str:
        """A claim as text without spaces at its ends; "" when it is missing or is not text of a usable kind."""
        value = self._claims.get(name)
        if value is None or value == "":
            if required:
                self.find(name, Fault.MISSING)
            return ""
        if not isinstance(value, str) or not is_clean(value):
            self.find(name, Fault.MALFORMED)
            return ""
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A claim as a list of texts; one text alone is a list of one. What is not clean text is left out."""
        value = self._claims.get(name)
        items = [value] if isinstance(value, str) else self._items(name)
        clean = tuple(item.strip() for item in items if isinstance(item, str) and is_clean(item))
        if len(clean) != len(items):
            self.find(name, Fault.MALFORMED)
        return clean

    def inside(self, name: str) -> Reader:
        """An object inside; empty when it is missing."""
        return Reader(self._claims.get(name) or {}, path=self._full(name), findings=self.findings)

    def each(self, name: str) -> list[Reader]:
        """The objects of a list inside."""
        return [
            Reader(item, path=f"{self._full(name)}[{rank}]", findings=self.findings)
            for rank, item in enumerate(self._items(name))
        ]

    def _items(self, name: str) -> Sequence[object]:
        value = self._claims.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST:
            self.find(name, Fault.MALFORMED)
            return ()
        return value

    def _full(self, name: str) -> str:
        return ".".join(part for part in (self._path, name) if part)


def is_clean(text: str) -> bool:
    """Whether a text is short and printable: no control character, nothing that reverses or hides."""
    return len(text) <= LONGEST and not any(
        unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for sign in text
    )
