"""HL7 v2, the message level: segments gathered into patients and orders (ORU_R01, v2.5.1 chapter 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from rempart.screening.formats.delimited import Lexis, Segment
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

_OF_PATIENT = frozenset({"PID", "PD1", "PV1"})
_READ = _OF_PATIENT | {"NK1", "ORC", "OBR", "OBX", "SPM"}


@dataclass(slots=True)
class Order:
    """One ORC and OBR with what was observed; an OBX after SPM is observed of the specimen."""

    orc: Segment | None = None
    obr: Segment | None = None
    results: list[Segment] = field(default_factory=list)
    specimen: Segment | None = None
    of_specimen: list[Segment] = field(default_factory=list)


@dataclass(slots=True)
class Patient:
    """One PID with its orders."""

    pid: Segment | None = None
    pd1: Segment | None = None
    pv1: Segment | None = None
    relatives: list[Segment] = field(default_factory=list)  # NK1
    orders: list[Order] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """One message cut into segments."""

    msh: Segment
    patients: list[Patient] = field(default_factory=list)


def lines_of(text: str) -> list[str]:
    """Segments of a message, whichever line ends separate them, mixed or not."""
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    return text.split("\r")


def gather(lines: list[str], lexis: Lexis, findings: list[Finding]) -> Message:
    """Gather segments into patients and orders; tolerant of their order.

    Lines that start no segment are the rest of the field above; the first is a finding. An OBR without an ORC of its
    own has that of the order before: it says who asked.
    """
    separator = lexis.field
    header = lines[0].split(separator)
    header.insert(1, separator)  # MSH-1 is the separator itself
    message = Message(msh=Segment("MSH", header, 1, 1, lexis))
    ranks: dict[str, int] = {}
    patient: Patient | None = None
    order: Order | None = None
    last: Segment | None = message.msh  # None after a segment that is not read
    loose: list[str] = []  # lines that go on the last segment
    is_loose = False
    for number, line in enumerate(lines[1:], 2):
        name = line[:3]
        if line[3:4] != separator and not (len(line) == 3 and name.isalnum() and name.isupper()):
            if line.strip():
                loose.append(line)
                if not is_loose:
                    findings.append(finding("F06", "continuation", f"line {number}"))
                    is_loose = True
            continue
        if loose:
            if last is not None:
                last.extend("\n".join(loose))
            loose = []
        if name not in _READ:
            last = None
            continue
        rank = ranks[name] = ranks.get(name, 0) + 1
        last = Segment(name, line.split(separator), number, rank, lexis)
        if name == "OBX" and order is not None:
            (order.results if order.specimen is None else order.of_specimen).append(last)
            continue
        if patient is None or name == "PID":
            patient = Patient()
            message.patients.append(patient)
            order = None
        if name in _OF_PATIENT:
            setattr(patient, name.lower(), last)
            continue
        if name == "NK1":
            patient.relatives.append(last)
            continue
        if order is None or name == "ORC" or (name == "OBR" and (order.obr or order.results)):
            order = Order(orc=order.orc if order is not None else None)
            patient.orders.append(order)
        if name == "OBX":
            order.results.append(last)
        elif name == "OBR":
            order.obr = last
        elif name == "ORC":
            order.orc = last
        elif order.specimen is None:
            order.specimen = last
    if loose and last is not None:
        last.extend("\n".join(loose))
    return message
