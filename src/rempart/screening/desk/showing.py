"""A message as the desk shows it: line by line, the faulty places marked, its values masked or not.

Masked, only what makes the structure is left: names of segments, elements and keys, separators, LOINC codes, and the
few coded fields that say nothing of anybody. Whatever stands elsewhere is a mark of the same length for all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import loinc
from rempart.screening.formats import encodings
from rempart.screening.rules.report import Format

MOST_LINES = 400
MOST_CHARACTERS = 2_000
_MOST_LAID_OUT = (
    20_000  # objects and arrays of a JSON text: one within the other, each line is as long as they are deep
)
"""Of one line: longer ones hold documents."""

MASK = "•••"

_NAME = re.compile(
    r"MSH|PID|PD1|NK1|PV[12]|ORC|OBR|OBX|SPM|NTE|TQ1|CTI|DSC|SFT|FHS|BHS|BTS|FTS|H|P|A|C|L|AP|AC|FAC|ACT|REG|ERR|Z[A-Z0-9]{2}"
)
_SEGMENT = re.compile(r"([A-Z][A-Z0-9]{0,2})(?:\[\d+\])?(?:-(\d+))?")
_SEGMENT_NUMBER = re.compile(r"\(segment (\d+)\)")
_LINE = re.compile(r"\b(?:line|row) (\d+)(?:, column (\d+))?")
_LAST_NAME = re.compile(r"([A-Za-z_]+)(?:\[[^\]]*\])?\s*$")
_TAGS = re.compile(r"\*{4}[A-Z]{3,10}\*{4}")
_CODED = {  # fields that hold a word of a table, by segment
    "MSH": {9, 11, 12, 15, 16, 17, 18},
    "ORC": {1, 5},
    "OBR": {1, 25},
    "OBX": {1, 2, 4, 8, 11},
    "SPM": {1},
    "PID": {1},
    "PV1": {1},
    "H": {6, 11, 12},
    "P": {1},
    "L": {1, 3, 4},
    "RES": {2, 3, 8, 9},
}
_WORD = re.compile(
    r"[0-9]{1,3}|[A-Z]{1,2}|CWE|ORU|R01|ORU_R01|2\.[3-8](?:\.[1-9])?|UNICODE UTF-8|8859/15?|SIDEP-[A-Z-]{2,12}"
)
"""What may stand in them: short enough to be nobody's name."""
_LABORATORY = {"MSH": 4, "H": 4}
_PIECES = re.compile(r"([\^~&\\]+)")
_XML = re.compile(r"(<!--.*?-->|<[^>]*+(?:>|\Z))", re.DOTALL)  # also what never closes: a line is read once
_OPENING = re.compile(r"<(/?)([A-Za-z:]{1,60})")
_ATTRIBUTE = re.compile(r"""([A-Za-z:]{1,60})\s*=\s*("[^"]*"|'[^']*')""")
_JSON = re.compile(r'("(?:[^"\\]|\\.)*+\\?(?:"|\Z))(\s*+:)?|(-?[0-9][0-9.eE+-]*)|([A-Za-z]+)')
_JSON_WORDS = frozenset({"true", "false", "null"})
_RUN = re.compile(r"[^\s;,|\"']+")
_DELIMITED = frozenset({Format.HL7V2, Format.HPRIM_SANTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    text: str
    faulty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    number: int
    pieces: tuple[Piece, ...]

    @property
    def faulty(self) -> bool:
        return any(piece.faulty for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    lines: tuple[Line, ...]
    left_out: int  # lines of a message that is longer than a page


@dataclass(frozen=True, slots=True)
class _Place:
    """A line, and the field of it that is meant; None: all of it."""

    line: int
    field: int | None


def shown(raw: bytes, *, format: Format, locations: Iterable[str], masked: bool) -> Shown:
    """The lines of a message; `locations` are those of its findings, as the laboratory was told them."""
    lines = _lines(encodings.read(raw).text, format)
    places = [place for one in locations if (place := _place(one, lines, format)) is not None]
    wanted = _around(places, len(lines))
    mask = _masker(format) if masked else None
    return Shown(
        lines=tuple(_line(number, lines[number - 1], places, mask, format) for number in wanted),
        left_out=len(lines) - len(wanted),
    )


def _lines(text: str, format: Format) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if format is Format.FHIR and text.count("{") + text.count("[") <= _MOST_LAID_OUT:
        try:
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text.split("\n")
    elif format is Format.CDA and "\n" not in text:
        text = text.replace("><", ">\n<")
    return text.split("\n")


def _around(places: Iterable[_Place], count: int) -> list[int]:
    """Which lines are shown: the first of the message, and those with a fault wherever they are."""
    faulty = {place.line for place in places if MOST_LINES < place.line <= count}
    return [*range(1, min(count, MOST_LINES) + 1), *sorted(faulty)[:MOST_LINES]]


def _line(
    number: int, text: str, places: list[_Place], mask: Callable[[int, str], str] | None, format: Format
) -> Line:
    here = [place.field for place in places if place.line == number]
    cut = text[:MOST_CHARACTERS]
    said = (mask(number, cut) if mask else cut) + ("…" if len(text) > MOST_CHARACTERS else "")
    if not here or None in here:
        return Line(number=number, pieces=(Piece(text=said, faulty=bool(here)),))
    return Line(number=number, pieces=tuple(_pieces(said, {field for field in here if field is not None})))


def _pieces(text: str, faulty: set[int]) -> Iterator[Piece]:
    """A line cut at its separators; the whole line where it has no such field."""
    fields = text.split("|")
    offset = 1 if fields[0] == "MSH" else 0  # MSH-1 is the separator itself
    if not any(number - offset < len(fields) for number in faulty):
        yield Piece(text=text, faulty=True)
        return
    for rank, field in enumerate(fields):
        yield Piece(text=f"|{field}" if rank else field, faulty=rank + offset in faulty)


# Places


def _place(location: str, lines: list[str], format: Format) -> _Place | None:
    if format in _DELIMITED:
        return _segment_place(location, lines) or _line_place(location)
    if found := _line_place(location):
        return found
    if format is Format.HPRIM_MEDECIN:
        return _reserved_place(location, lines)
    return _named_place(location, lines, format)


def _line_place(location: str) -> _Place | None:
    found = _LINE.search(location)
    if found is None:
        return None
    return _Place(int(found[1]), int(found[2]) - 1 if found[2] else None)


def _segment_place(location: str, lines: list[str]) -> _Place | None:
    """ "OBX[1]-5 (segment 6)"; "OBR-7 for OBX[1] (segment 6)": the last OBR before; "PID-7": the first PID."""
    found = _SEGMENT.match(location)
    if found is None:
        return None
    name, field = found[1], int(found[2]) if found[2] else None
    numbered = _SEGMENT_NUMBER.search(location)
    if numbered and " for " not in location:
        return _Place(int(numbered[1]), field)
    named = [n for n, line in enumerate(lines, 1) if line.split("|", 1)[0] == name]
    if numbered:
        named = [n for n in named if n <= int(numbered[1])][-1:]
    return _Place(named[0], field) if named else None


def _reserved_place(location: str, lines: list[str]) -> _Place | None:
    """ "RES SIDEP-PRELDT": the line with that code; without one, nothing is there to be marked."""
    if not location.startswith("RES "):
        return None
    code = location.split(" ", 1)[1]
    return next((_Place(n, None) for n, line in enumerate(lines, 1) if f"|{code}" in line), None)


def _named_place(location: str, lines: list[str], format: Format) -> _Place | None:
    """The first element or key that bears the last name of a path."""
    found = _LAST_NAME.search(location.split(" for ", 1)[0])
    if found is None:
        return None
    written = f"<{found[1]}" if format is Format.CDA else f'"{found[1]}"'
    return next((_Place(n, None) for n, line in enumerate(lines, 1) if written in line), None)


# Masks


def _masker(format: Format) -> Callable[[int, str], str]:
    if format in _DELIMITED:
        return _mask_segment
    if format is Format.HPRIM_MEDECIN:
        return _mask_hprim
    if format is Format.CDA:
        return partial(_mask_pieces, mask=_mask_xml)
    if format in (Format.FHIR, Format.FORM):
        return partial(_mask_pieces, mask=_mask_json)
    return partial(_mask_pieces, mask=lambda text: _RUN.sub(MASK, text))


def _mask_pieces(number: int, text: str, *, mask: Callable[[str], str]) -> str:
    return mask(text)


def _mask_segment(number: int, text: str) -> str:
    name, *fields = text.split("|")
    if not fields or not _NAME.fullmatch(name):
        return MASK if text.strip() else ""
    first = 2 if name == "MSH" else 1
    return "|".join([name, *(_field(name, n, field) for n, field in enumerate(fields, first))])


def _mask_hprim(number: int, text: str) -> str:
    text = text.strip()
    if _TAGS.fullmatch(text):
        return text
    if text.startswith("RES|"):
        _, *columns = text.split("|")
        return "|".join(["RES", *(_field("RES", n, column) for n, column in enumerate(columns, 1))])
    head = "TEX|" if text.startswith("TEX|") else ""
    return f"{head}{MASK}" if text.removeprefix(head) else head


def _field(segment: str, number: int, text: str) -> str:
    """A field with its separators; what it says only where that is a word of a table, or a code that all know."""
    coded = number in _CODED.get(segment, ())
    if _LABORATORY.get(segment) == number and finess.is_valid(text.strip()):
        return text.strip()
    return "".join(
        piece if _PIECES.fullmatch(piece) else _value(piece, coded=coded) for piece in _PIECES.split(text)
    )


def _value(text: str, *, coded: bool = False) -> str:
    said = text.strip()
    if not said:
        return ""
    return said if (coded and _WORD.fullmatch(said)) or loinc.is_valid(said) else MASK


def _mask_xml(text: str) -> str:
    return "".join(
        _mask_tag(part) if part.startswith("<") else (MASK if part.strip() else part)
        for part in _XML.split(text)
    )


def _mask_tag(tag: str) -> str:
    found = _OPENING.match(tag) if tag.endswith(">") else None
    if found is None:
        return f"<{MASK}>"
    attributes = "".join(f' {name}="{_value(value[1:-1])}"' for name, value in _ATTRIBUTE.findall(tag))
    return f"<{found[1]}{found[2]}{attributes}{'/' if tag.endswith('/>') else ''}>"


def _mask_json(text: str) -> str:
    def said(match: re.Match[str]) -> str:
        string, colon, number, word = match.groups()
        if string is not None:
            inner = string[1:-1]
            if colon:
                return f'"{inner}":' if re.fullmatch(r"[A-Za-z_]{1,40}", inner) else f'"{MASK}":'
            return f'"{_value(inner)}"'
        return word if word in _JSON_WORDS else MASK if (number or word) else ""

    masked, at = [], 0
    for match in _JSON.finditer(text):
        masked += [_punctuation(text[at : match.start()]), said(match)]
        at = match.end()
    return "".join([*masked, _punctuation(text[at:])])


def _punctuation(text: str) -> str:
    return "".join(c for c in text if c in " {}[],:\t")
