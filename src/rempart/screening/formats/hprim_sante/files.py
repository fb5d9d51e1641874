"""HPRIM Santé, the file level: where each message starts and ends.

A message goes from its H line to its L line; a file may hold several. Frames, blank lines and text around them
are left out; sizes count bytes, so that a message is kept exactly as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

_WRAPPING = b"\x0b\x1c\r\n\t \x00\x1a\x0c"  # frames, blank lines, padding, the end-of-file mark of DOS
_SIGN = rb"[!-/:-@\[-`{-~]"
_DELIMITERS = (
    rb"(" + _SIGN + rb")((?:(?!\1)" + _SIGN + rb"){3,4})\1"
)  # separator, three or four signs, separator
_FIRST = re.compile(rb"H" + _DELIMITERS)
_LATER = re.compile(
    rb"H(?<=[\r\n\x0b\x1c]H)" + _DELIMITERS
)  # one letter is found faster than one of four signs


@dataclass(frozen=True, slots=True)
class Slice:
    """The bytes of one message, and what was wrong before it."""

    raw: bytes
    findings: tuple[Finding, ...]


def holds_a_message(payload: bytes) -> bool:
    """Whether some line of the payload starts an HPRIM Santé message, its delimiters all different."""
    return any(len(set(found[2])) == len(found[2]) for found in _headers(payload.lstrip(_WRAPPING)))


def split(payload: bytes) -> Iterator[Slice]:
    """The messages of a payload, in order. Nothing when no line starts one."""
    payload = payload.lstrip(_WRAPPING)
    starts = [found.start(1) - 1 for found in _headers(payload)]
    for start, end in pairwise([*starts, len(payload)]):
        # Padding is gone: what stands before the first one is text.
        is_late = start > 0 and start == starts[0]
        said = (finding("F06", "before", "start of the file"),) if is_late else ()
        yield Slice(payload[start:end].strip(_WRAPPING), said)


def _headers(payload: bytes) -> Iterator[re.Match[bytes]]:
    """What starts each message: its H with the delimiters after it."""
    if first := _FIRST.match(payload):
        yield first
    # Much faster than the expression, and most files hold one message.
    if b"\rH" in payload or b"\nH" in payload or b"\x0bH" in payload or b"\x1cH" in payload:
        yield from _LATER.finditer(payload)
