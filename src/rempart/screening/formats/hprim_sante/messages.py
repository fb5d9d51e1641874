"""HPRIM Santé, the message level: lines joined, then gathered into patients and orders.

    H { P {C} { OBR {C} { OBX {C} } } } L

`A|` lines go on the segment above, in the middle of a word if need be. Comments (C) and the segments of other
contexts (ACT, FAC, REG, AP, AC, ERR) are left alone wherever they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from rempart.screening.formats.delimited import DELETED, Lexis, Segment, lexis
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

_READ = frozenset({"P", "OBR", "OBX", "L"})
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{0,2}", re.ASCII)
_WITHOUT_ESCAPE = 3  # delimiters after the separator, where the escape sign was left out


@dataclass(slots=True)
class Order:
    """One OBR with what was observed."""

    obr: Segment | None = None
    results: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class Patient:
    """One P with its orders."""

    p: Segment | None = None
    orders: list[Order] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """One message cut into segments; `count` is how many there are."""

    h: Segment
    patients: list[Patient] = field(default_factory=list)
    trailer: Segment | None = None
    count: int = 1


def lexis_of(text: str) -> Lexis | None:
    """The lexis of a message from its H line: separator, component, repetition, escape, sub-component.

    All differ; `|~^\\&` mostly. None when they cannot be read. Some senders leave the escape sign out, and write
    component, repetition, sub-component.
    """
    separator = text[1:2]
    end = text.find(separator, 2, 8) if separator else -1
    signs = text[2:end] if end > 0 else ""
    if len(signs) == _WITHOUT_ESCAPE and "\\" not in signs:
        signs = f"{signs[:2]}\\{signs[2]}"
    if len(signs) != len("~^\\&"):
        return None
    plain = text.find(signs[2], end) < 0 and DELETED not in text
    return lexis(separator, signs, plain=plain)


def lines_of(text: str) -> list[str]:
    """Lines of a message as they came, whichever line ends separate them; blank ones left out."""
    if "\n" in text:
        text = text.replace("\n", "\r")
    return [line for line in text.split("\r") if line and not line.isspace()]


def joined(lines: list[str], separator: str) -> list[str]:
    """Segments: every line with those that continue it."""
    mark = f"A{separator}"
    starts = [n for n, line in enumerate(lines) if not n or not line.startswith(mark)]
    if len(starts) == len(lines):
        return lines
    return [
        "".join([lines[start], *(line[2:] for line in lines[start + 1 : end])])
        for start, end in pairwise([*starts, len(lines)])
    ]


def gather(segments: list[str], lexis: Lexis, findings: list[Finding]) -> Message:
    """Gather segments into patients and orders; tolerant of their order.

    Lines that start no segment are the rest of the field above; the first is a finding.
    """
    separator = lexis.field
    message = Message(h=Segment("H", segments[0].split(separator), 1, 1, lexis))
    ranks: dict[str, int] = {}
    patient: Patient | None = None
    order: Order | None = None
    last: Segment | None = message.h  # None after a segment that is not read
    loose: list[str] = []
    is_loose = False
    for number, line in enumerate(segments[1:], 2):
        fields = line.split(separator)
        name = fields[0]
        if name not in _READ and not (len(fields) > 1 and _SEGMENT.fullmatch(name)):
            loose.append(line)
            if not is_loose:
                findings.append(finding("F06", "continuation", f"segment {number}"))
                is_loose = True
            continue
        if loose:
            if last is not None:
                last.extend("\n".join(loose))
            loose = []
        message.count += 1
        if name not in _READ:
            last = None
            continue
        rank = ranks[name] = ranks.get(name, 0) + 1
        last = Segment(name, fields, number, rank, lexis)
        if name == "P":
            patient, order = Patient(p=last), None
            message.patients.append(patient)
        elif name == "L":
            message.trailer = last
        else:
            if patient is None:
                patient = Patient()
                message.patients.append(patient)
            if order is None or name == "OBR":
                order = Order(obr=last if name == "OBR" else None)
                patient.orders.append(order)
            if name == "OBX":
                order.results.append(last)
    if loose and last is not None:
        last.extend("\n".join(loose))
    return message
