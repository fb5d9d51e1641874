"""HPRIM Santé acknowledgements: H, one ERR per finding, L. One for a whole file, as the format has it.

ERR-4 says how bad it is: T when every message of the file was refused, P when some were; I for a warning and OK for a
message of which nothing is said, which readers take for no error. The text is French, in ISO-8859-15, on lines of
220 characters at most, and names no person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from rempart.screening.formats import encodings
from rempart.screening.formats.delimited import Segment
from rempart.screening.formats.hprim_sante.messages import lexis_of
from rempart.screening.rules.catalogue import catalogue
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Item, Outcome, Severity

LONGEST_LINE = 220
CODEC = "iso8859-15"

_PLATFORM = "REMPART"
_VERSIONS = ("H2.1", "H2.2", "H2.3", "H2.4")
_DEFAULT_VERSION = "H2.3~C"
_LONGEST_TEXT = 255
_HEADER_SIZE = 4_096  # bytes in which the header line stands
_LINE_END = re.compile(r"\r\n|\r|\n")

# "OBX[1]-5 (segment 6)", "P-5.1", "OBR-7 for OBX[1] (segment 6)", "L-3", "H"
_PLACE = re.compile(r"([A-Z]{1,3})(?:\[(\d+)\])?(?:-(\d+(?:\.\d+)?))?(?![A-Za-z0-9])")
_SEGMENT_NUMBER = re.compile(r"segment (\d+)")
_SIGNS = {"\\": "\\E\\", "|": "\\F\\", "~": "\\S\\", "^": "\\R\\", "&": "\\T\\", "\r": " ", "\n": " "}
_TO_ESCAPE = re.compile(r"[\\|~^&\r\n]")


def acknowledge(items: Sequence[Item], judgements: Sequence[Judgement], *, now: datetime) -> bytes:
    """The acknowledgement of a file, as bytes ready to send or to leave beside it.

    `judgements` are those of `items`, in the same order; `now` is an aware datetime. The header answers that of the
    first message: sender and receiver change places.
    """
    headers = [_header_of(item.raw) for item in items]
    time = now.strftime("%Y%m%d%H%M%S")
    rejected = sum(one.outcome is Outcome.REJECTED for one in judgements)
    refusal = "T" if rejected == len(items) else "P"
    lines = [_header(headers[0] if headers else None, time)]
    for item, header, judgement in zip(items, headers, judgements, strict=True):
        name = _copied(header, 2) or f"#{item.position + 1}"
        for said in judgement.findings:
            severity = refusal if said.severity is Severity.ERROR else "I"
            lines.append("|".join(["ERR", str(len(lines)), name, time, severity, *_error(said, item)]))
        if not judgement.findings:
            lines.append("|".join(["ERR", str(len(lines)), name, time, "OK", *[""] * 5, "Message accepté."]))
    lines.append(f"L|1||0|{len(lines) + 1}")
    written = "\r\n".join(cut for line in lines for cut in _cut(line))
    return (written + "\r\n").encode(CODEC, "replace")


def _header(header: Segment | None, time: str) -> str:
    version = _copied(header, 12)
    return "|".join(
        [
            "H",
            "~^\\&",
            f"ACK{time}",
            "",
            _copied(header, 9) or _PLATFORM,
            "",
            "ERR",
            "",
            "",
            _copied(header, 4),
            "",
            _copied(header, 11) or "P",
            version if version.startswith(_VERSIONS) else _DEFAULT_VERSION,
            time,
        ]
    )


def _error(said: Finding, item: Item) -> list[str]:
    """ERR-5 to ERR-10: line of the message, segment and its rank, field, no value, code, text."""
    entry = catalogue()[said.code]
    match = _PLACE.match(said.location)
    segment, rank, field = (part or "" for part in match.groups()) if match is not None else ("", "", "")
    text = f"{entry.text_fr} {entry.do_fr}"[:_LONGEST_TEXT]
    place = f"{segment}~{rank}".rstrip("~")
    return [_line_of(said.location, item.raw), place, field, "", said.code, _escaped(text)]


def _line_of(location: str, raw: bytes) -> str:
    """The line of the message on which a segment begins, continuation and blank lines counted; "" when unknown."""
    found = _SEGMENT_NUMBER.search(location)
    if found is None:
        return ""
    mark = b"A" + raw[1:2]
    segments = 0
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip() and not line.startswith(mark):
            segments += 1
            if segments == int(found[1]):
                return str(number)
    return ""


def _header_of(raw: bytes) -> Segment | None:
    """The H segment of a message, None when there is none that can be read."""
    text = encodings.read(raw[:_HEADER_SIZE]).text
    lexis = lexis_of(text) if text.startswith("H") else None
    if lexis is None:
        return None
    return Segment("H", _LINE_END.split(text, 1)[0].split(lexis.field), 1, 1, lexis)


def _copied(header: Segment | None, n: int) -> str:
    """A field of the message's header with our delimiters."""
    if header is None:
        return ""
    lexis = header.lexis
    return "~".join(_escaped(lexis.read(part)) for part in header.brief(n).split(lexis.component))


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda match: _SIGNS[match[0]], text)


def _cut(line: str) -> list[str]:
    """A line and its continuations."""
    rest = LONGEST_LINE - len("A|")
    return [
        line[:LONGEST_LINE],
        *(f"A|{line[start : start + rest]}" for start in range(LONGEST_LINE, len(line), rest)),
    ]
