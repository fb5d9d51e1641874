"""HPRIM Médecin, the lexical level: messages of a file, header, body, RES lines (H.PR.I.M. Médecins 3.0, 1997).

    file    = { message } "****FINFICHIER****"
    message = 12 header lines, text, [ "****LAB****" { TEX or RES line } ], "****FIN****"

Header lines are positional and may be blank; any line ends; RES has 4 to 14 columns.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from rempart.screening.formats.dates import french_date
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

HEADER_LINES = 12
COLUMNS = 14  # of a RES line, its name included
BIRTH_LINE = 7

_LAB, _RES = "****LAB****", "RES|"
_TAG = re.compile(rb"\*\*\*\*(FINFICHIER|FIN)\*\*\*\*")  # a literal is found ten times as fast as \*{4}
_BLANK = b" \t\r\n\x00\x1a\x0c"  # with the end-of-file mark of DOS and form feeds
_INDENT = 200  # blanks that may stand before a tag
_LEAST_LINES = 7  # up to the date of birth: less is no message but stray text
_MARKUP = re.compile(r"<[^<>]{1,40}>")


class Part(NamedTuple):
    """The bytes of one message, its end tag included, and what was wrong with its frame."""

    raw: bytes
    findings: tuple[Finding, ...]


class Result(NamedTuple):
    """One RES line; `line` counts from the first of the message, from 1."""

    line: int
    columns: list[str]  # as they stand; what comes after the last is one more

    def column(self, n: int) -> str:
        """Column n, counted from 1 with "RES" as the first; "" when the line is shorter."""
        if n > len(self.columns):
            return ""
        text = self.columns[n - 1].strip()
        return plain(text) if "&" in text or "<" in text else text


class Message(NamedTuple):
    """Header lines (those there are, twelve at most) and RES lines; the text for people is left alone."""

    header: tuple[str, ...]
    results: list[Result]

    def line(self, n: int) -> str:
        """Header line n, from 1; "" when the header is shorter."""
        return self.header[n - 1] if n <= len(self.header) else ""


def looks_like_hprim(payload: bytes) -> bool:
    """Whether bytes hold an HPRIM tag, a RES line, or a date where a header has that of birth."""
    if any(True for _ in _tags(payload)) or b"****LAB****" in payload:
        return True
    if payload.startswith(b"RES|") or b"\nRES|" in payload or b"\rRES|" in payload:
        return True
    lines = _lines(payload[:4096].decode("latin-1"))
    return len(lines) >= BIRTH_LINE and french_date(lines[BIRTH_LINE - 1]) is not None


def parts(payload: bytes) -> Iterator[Part]:
    """The messages of a file, in order, each as it came. Nothing for a file without text.

    A message ends at ****FIN****. Text that no tag ends is a message cut short when it is long enough to
    be one, so that no result is lost in silence; else it is a finding on the message before.
    """
    found: list[tuple[bytes, list[Finding]]] = []
    start = 0
    ended = False
    for name, at, end in _tags(payload):
        text = payload[start:at]
        if name == b"FIN" and text.strip(_BLANK):
            late = [finding("F06", "after_file", "****FINFICHIER****")] if ended else []
            found.append((payload[start:end], late))
        elif name != b"FIN":
            _leave_over(text, found)
            ended = True
        start = end
    _leave_over(payload[start:], found)
    if found and not ended:
        found[-1][1].append(finding("F05", "no_end", "end of the file"))
    for raw, findings in found:
        yield Part(raw, tuple(findings))


def message_of(text: str) -> Message:
    """The header and the RES lines of one message."""
    lines = _lines(text)
    first = _first_of_results(lines)
    skipped = _leading_blanks(lines)
    header = lines[skipped : min(first, skipped + HEADER_LINES)]
    return Message(
        header=tuple(map(plain, header)),
        results=[
            Result(number, line.split("|", COLUMNS))
            for number, line in enumerate(lines[first:], first + 1)
            if line.startswith(_RES) or line.lstrip().startswith(_RES)
        ],
    )


def plain(text: str) -> str:
    """Text without the HTML that some senders leave in it, stripped."""
    if "&" in text:
        with suppress(ValueError):  # &# with thousands of digits: no character, left as it stands
            text = html.unescape(text)
    if "<" in text:
        text = _MARKUP.sub(" ", text)
    return text.strip()


def _first_of_results(lines: list[str]) -> int:
    """Where the header and the text end: as many as there are lines when no result follows."""
    for n, line in enumerate(lines):
        if _RES in line or _LAB in line:
            line = line.strip()
            if line == _LAB or line.startswith(_RES):
                return n
    return len(lines)


def _leading_blanks(lines: list[str]) -> int:
    """Blank lines before the header, when counting them puts the date of birth in its place."""
    blanks = 0
    while blanks < len(lines) and not lines[blanks].strip():
        blanks += 1
    at = BIRTH_LINE - 1
    moved = blanks and len(lines) > at + blanks and not french_date(lines[at])
    return blanks if moved and french_date(lines[at + blanks]) else 0


def _lines(text: str) -> list[str]:
    """Lines whatever ends them, up to the end tag; a carriage return before a line feed goes with the blanks."""
    if text.count("\r") != text.count("\r\n"):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return lines[:-1] if lines[-1].strip() in ("", "****FIN****") else lines


def _tags(payload: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end with its line end) of every end tag that stands alone at the start of a line."""
    line = scanned = 0  # where the line of the match starts, as far as it was looked for
    for match in _TAG.finditer(payload):
        at = match.start()
        from_ = max(scanned, at - _INDENT - 1)  # further back, the tag stands too far in its line anyway
        end_of_line = max(payload.rfind(b"\n", from_, at), payload.rfind(b"\r", from_, at))
        line = max(line, end_of_line + 1)
        scanned = match.end()
        if at - line > _INDENT or payload[line:at].strip(b" \t"):
            continue
        end = match.end()
        if payload[end : end + 2] == b"\r\n":
            end += 2
        elif payload[end : end + 1] in (b"\r", b"\n"):
            end += 1
        yield match[1], at, end
        line = scanned = end


def _leave_over(text: bytes, found: list[tuple[bytes, list[Finding]]]) -> None:
    """Take text that no end tag closes: as a message cut short, or as a finding on the one before."""
    body = text.strip(_BLANK)
    if not body:
        return
    lines = len(body.splitlines())
    if found and lines < _LEAST_LINES and b"RES|" not in body:
        found[-1][1].append(finding("F06", "after_end", "****FIN****"))
    else:
        found.append((text, [finding("F02", "no_end", "end of the message")]))
