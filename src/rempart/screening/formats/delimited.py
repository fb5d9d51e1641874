"""Text cut by delimiters of its own: segments, fields, repetitions, components (HL7 v2, HPRIM Santé).

A segment is split into fields once, a field into components only when somebody asks. Text is stripped,
unescaped, and `""` (explicit delete) is read as empty. Escapes: HL7 v2.5.1, chapter 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

LONGEST_REMEMBERED = 1_000  # characters; caches keep no more of a hostile field
MOST_REPETITIONS = 200  # of one field that are read; no person has so many numbers, names or addresses
COMPONENTS = 13  # as many as any data type read here has (XCN-13, XTN-12)
MOST_COMPONENTS = 100  # that are told apart in one repetition; further signs stay in the last one

DELETED = '""'  # explicit delete: read as empty
_LEFT_OUT = [""] * (COMPONENTS - 1)
_LINE_BREAKS = frozenset({".br", ".sp", ".ce"})
_FORBIDDEN = re.compile(r"[\w\s\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True, eq=False)
class Lexis:
    """How one message is cut: its delimiters, and how a piece of it becomes text.

    `read` turns a piece into text; it only strips where the message holds no escape and no `""`.
    """

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str
    truncation: str
    read: Callable[[str], str]


class Segment:
    """One segment; `number` counts the lines of the message, `rank` those of its name, both from 1."""

    __slots__ = ("fields", "lexis", "name", "number", "rank")

    def __init__(self, name: str, fields: list[str], number: int, rank: int, lexis: Lexis) -> None:
        self.name = name
        self.fields = fields
        self.number = number
        self.rank = rank
        self.lexis = lexis

    def raw(self, n: int) -> str:
        """Field n as it stands, "" when the segment is shorter."""
        fields = self.fields
        return fields[n] if n < len(fields) else ""

    def brief(self, n: int) -> str:
        """Field n, cut to the length of what may be remembered between messages."""
        fields = self.fields
        return fields[n][:LONGEST_REMEMBERED] if n < len(fields) else ""

    def text(self, n: int, component: int = 1) -> str:
        """One component of the first repetition of field n."""
        fields = self.fields
        if n >= len(fields) or not (value := fields[n]):
            return ""
        lexis = self.lexis
        if lexis.repetition in value:
            value = value[: value.index(lexis.repetition)]
        if lexis.component in value:
            if component == 1:
                value = value[: value.index(lexis.component)]
            else:
                parts = value.split(lexis.component)
                value = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return lexis.read(value)

    def repetitions(self, n: int) -> list[list[str]]:
        """Field n as repetitions of components, as they stand; empty when the field is."""
        fields = self.fields
        return repetitions(fields[n], self.lexis) if n < len(fields) else []

    def extend(self, text: str) -> None:
        """Take lines that start no segment as the rest of the last field."""
        first, *others = text.split(self.lexis.field)
        self.fields[-1] += "\n" + first
        self.fields += others

    @property
    def location(self) -> str:
        return f"{self.name}[{self.rank}] (segment {self.number})"

    def at(self, n: int) -> str:
        """The place of a field: "OBX[1]-5 (segment 6)"."""
        return f"{self.name}[{self.rank}]-{n} (segment {self.number})"


def repetitions(field: str, lexis: Lexis) -> list[list[str]]:
    """A field as repetitions of components, as they stand; empty when the field is.

    Every repetition has COMPONENTS of them at least: those left out are "". Those after the first
    MOST_REPETITIONS are not read: each takes a hundred times the memory of its signs.
    """
    if not field:
        return []
    component = lexis.component
    if lexis.repetition not in field:
        return [field.split(component, MOST_COMPONENTS) + _LEFT_OUT]
    every = field.split(lexis.repetition, MOST_REPETITIONS)[:MOST_REPETITIONS]
    return [one.split(component, MOST_COMPONENTS) + _LEFT_OUT for one in every]


@lru_cache(maxsize=256)
def lexis(separator: str, signs: str, *, plain: bool) -> Lexis | None:
    """The lexis of a field separator and the signs of component, repetition, escape, sub-component, and
    truncation where there is one; None unless all of them differ. `plain`: the text holds no escape and no `""`.
    """
    every = separator + signs
    if len(set(every)) != len(every) or _FORBIDDEN.search(every):
        return None
    component, repetition, escape, subcomponent, truncation = (*tuple(signs), "")[:5]
    read = str.strip if plain else _reader(separator, component, repetition, escape, subcomponent, truncation)
    return Lexis(
        field=separator,
        component=component,
        repetition=repetition,
        escape=escape,
        subcomponent=subcomponent,
        truncation=truncation,
        read=read,
    )


def _reader(
    separator: str, component: str, repetition: str, escape: str, subcomponent: str, truncation: str
) -> Callable[[str], str]:
    """The function that unescapes text written with these delimiters."""
    mark = re.escape(escape)
    sequence = re.compile(f"{mark}([^{mark}]{{0,256}}){mark}")
    signs = {"F": separator, "S": component, "R": repetition, "T": subcomponent, "E": escape}
    signs["P"] = truncation or "#"

    def replaced(match: re.Match[str]) -> str:
        body = match[1]
        return signs[body] if body in signs else _special(body, match[0])

    def read(piece: str) -> str:
        if escape in piece:
            piece = sequence.sub(replaced, piece)
        piece = piece.strip()
        return "" if piece == DELETED else piece

    return read


def _special(body: str, whole: str) -> str:
    """The text of an escape that stands for no delimiter; one that is not known stays as it is."""
    if body in ("H", "N"):  # highlighting
        return ""
    kind = body[:1]
    if kind == "X":
        try:
            return (
                bytes.fromhex(body[1:]).decode("cp1252", "replace").replace("\r\n", "\n").replace("\r", "\n")
            )
        except ValueError:
            return whole
    if kind == ".":  # formatting commands, some with a count: .sp2
        return "\n" if body[:3] in _LINE_BREAKS else ""
    if kind in ("C", "M", "Z") and len(body) > 1:  # character set switches and local escapes
        return ""
    return whole
