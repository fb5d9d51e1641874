"""JSON of strangers: read within bounds, and looked into without believing its types.

A node is one JSON object and the FHIRPath of where it stands. Every step says what it expects; an element of another type
is left out, and a finding says where it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

MAXIMUM_SIZE = 16 * 1024 * 1024  # bytes of one resource with all that it holds
MAXIMUM_PARTS = 500_000  # objects, arrays and members of one resource
LONGEST_TEXT = 4_096  # characters of one name, code or text: all are kept and shown
_DEEPEST = 900  # levels, about: where Python's reader stops
_KNOWN = frozenset({"Bundle", "DiagnosticReport", "Observation"})
_MOST_SAID = 100  # findings on types, of one message
_A_FEW = 50  # elements of an array that is no list of resources


class TooLong(Exception):
    """A text longer than any sender has reason to write."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(path)
        self.path, self.size = path, size


class Number(str):
    """A JSON number as it was written: nothing here counts with it."""

    __slots__ = ()


class Node:
    """One JSON object, where it stands, and where to say what is wrong with it."""

    __slots__ = ("data", "findings", "path")

    def __init__(self, data: dict[str, Any], path: str, findings: list[Finding]) -> None:
        self.data = data
        self.path = path
        self.findings = findings

    @property
    def kind(self) -> str:
        """The resource type; "" for anything else."""
        kind = self.data.get("resourceType")
        return kind if isinstance(kind, str) else ""

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def text(self, name: str) -> str:
        """A string, code, date or number; "" when there is none. Raises TooLong."""
        value = self.data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._wrong(name)
            return ""
        return self._read(value, name)

    def words(self, name: str) -> str:
        """A string only: a number stands for no word. Raises TooLong."""
        return "" if isinstance(self.data.get(name), Number) else self.text(name)

    def texts(self, name: str) -> list[str]:
        """An array of strings. Raises TooLong."""
        found = []
        for value in self._listed(name)[:_A_FEW]:
            if isinstance(value, str):
                found.append(self._read(value, name))
            elif value is not None:  # null: the extension of a missing element stands elsewhere
                self._wrong(name)
        return found

    def flag(self, name: str) -> bool | None:
        """A boolean; None when there is none."""
        value = self.data.get(name)
        if isinstance(value, bool):
            return value
        if value is not None:
            self._wrong(name)
        return None

    def node(self, name: str) -> Node | None:
        """An object; None when there is none."""
        value = self.data.get(name)
        if isinstance(value, dict):
            return Node(value, self.at(name), self.findings)
        if value is not None:
            self._wrong(name)
        return None

    def nodes(self, name: str) -> Iterator[Node]:
        """An array of objects, of which a few are looked at: nobody has more names, numbers or codes."""
        return self._nodes(name, self._listed(name)[:_A_FEW])

    def all_nodes(self, name: str) -> Iterator[Node]:
        """The same, all of them: entries, results, parts."""
        return self._nodes(name, self._listed(name))

    def _nodes(self, name: str, values: list[Any]) -> Iterator[Node]:
        for rank, value in enumerate(values):
            if isinstance(value, dict):
                yield Node(value, f"{self.path}.{name}[{rank}]", self.findings)
            else:
                self._wrong(f"{name}[{rank}]")

    def long_text(self, name: str) -> str:
        """A string of any length: what an attachment holds."""
        value = self.data.get(name)
        if value is not None and not isinstance(value, str):
            self._wrong(name)
        return value if isinstance(value, str) else ""

    def _listed(self, name: str) -> list[Any]:
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(name)
            return []
        return value

    def _read(self, value: str, name: str) -> str:
        if len(value) > LONGEST_TEXT:
            raise TooLong(self.at(name), len(value))
        if not value.isascii():
            value = value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no character
        return value.replace("\x00", "").strip()

    def _wrong(self, name: str) -> None:
        if len(self.findings) < _MOST_SAID:
            self.findings.append(finding("F09", "type", self.at(name)))


def parse(raw: bytes, findings: list[Finding]) -> Node | None:
    """The resource of one JSON text; None when it cannot be read, and a finding says why."""
    twice: list[dict[str, Any]] = []
    said = _too_much(raw)
    if said is None:
        data = _load(raw, twice)
        if isinstance(data, dict):
            kind = data.get("resourceType")
            root = Node(data, kind if isinstance(kind, str) and kind in _KNOWN else "resource", findings)
            if twice:
                findings.append(finding("F09", "twice", root.path, count=len(twice)))
            return root
        said = data if isinstance(data, Finding) else finding("F01", "resource", "resource")
    findings.append(said)
    return None


def _too_much(raw: bytes) -> Finding | None:
    """What can be refused without parsing."""
    if len(raw) > MAXIMUM_SIZE:
        return finding("F03", "size", "resource", size=len(raw), limit=MAXIMUM_SIZE)
    parts = raw.count(b"{") + raw.count(b"[") + raw.count(b",")  # those of texts too: a bound, not a number
    if parts > MAXIMUM_PARTS:
        return finding("F03", "parts", "resource", parts=parts, limit=MAXIMUM_PARTS)
    return None


def _load(raw: bytes, twice: list[dict[str, Any]]) -> object:
    """The value of a JSON text, or what is wrong with it; objects that name a member twice are put aside, too."""

    def gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice.append(found)
        return found

    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=gathered,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_number,
        )
    except RecursionError:
        return finding("F03", "nested", "resource", limit=_DEEPEST)
    except json.JSONDecodeError as fault:
        return finding("F01", "json", f"line {fault.lineno}, column {fault.colno}")
    except ValueError:  # not UTF-8, or NaN
        return finding("F01", "json", "resource")


def _no_number(_: str) -> object:
    raise ValueError("no number")
