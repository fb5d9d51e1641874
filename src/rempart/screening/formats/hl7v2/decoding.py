"""HL7 v2.3 to 2.5.1, ORU^R01: bytes to reports, with every finding and its place.

    [FHS BHS] { MSH { PID [PD1] [PV1] { [ORC] OBR { OBX } { SPM { OBX } } } } } [BTS FTS]

Other segments, Z ones included, are left alone wherever they stand. Questions are told from results by their
LOINC code, not by their rank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from rempart.screening.formats import encodings
from rempart.screening.formats.context import Context
from rempart.screening.formats.delimited import Lexis, Segment
from rempart.screening.formats.hl7v2 import fields, files
from rempart.screening.formats.hl7v2.messages import Message, gather, lines_of
from rempart.screening.formats.hl7v2.reports import reports_of
from rempart.screening.formats.hl7v2.tokens import lexis_of
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import Finding, Format, Item

MAXIMUM_SIZE = 16 * 1024 * 1024  # bytes of one message
MAXIMUM_LINES = 20_000  # of one message: each may be a report, or a finding
LONGEST_SEGMENT = 32_768  # characters, OBX apart, which may hold a document: the rest is kept and shown

_VERSIONS = ("2.3", "2.4", "2.5")  # 2.3.1, 2.5.1 and private marks such as 2.3.z start with them
_LONGEST_VERSION = 20
_END_OF_LINE = re.compile(rb"[\r\n]")


def decode(payload: bytes, *, context: Context) -> Iterator[Item]:
    """Every message of an HL7 file. Yields nothing when no line starts one; never raises on content."""
    for position, piece in enumerate(files.split(payload)):
        item = decode_message(piece.raw, position=position, context=context)
        if piece.findings:
            item = replace(item, findings=(*piece.findings, *item.findings))
        yield item


def decode_message(raw: bytes, *, position: int, context: Context) -> Item:
    """One message, from its MSH on."""
    if len(raw) > MAXIMUM_SIZE:
        return _unread(raw, position, finding("F03", "size", "MSH", size=len(raw), limit=MAXIMUM_SIZE))
    findings: list[Finding] = []
    text, codec = _characters(raw)
    lexis = lexis_of(text)
    if lexis is None:
        return _unread(raw, position, finding("F01", "delimiters", "MSH-1"))
    lines = lines_of(text)
    if len(lines) > MAXIMUM_LINES:
        return _unread(raw, position, finding("F03", "lines", "MSH", lines=len(lines), limit=MAXIMUM_LINES))
    message = gather(lines, lexis, findings)
    if len(text) > LONGEST_SEGMENT and (long := _longer(message)) is not None:
        said = finding("F03", "long", long.location, size=_size(long), limit=LONGEST_SEGMENT)
        return _unread(raw, position, said)
    msh = message.msh
    if codec != "ascii":
        _check_charset(msh, codec, findings)
    is_taken = _check_header(msh, findings)
    if len(lines) == 1:
        findings.append(finding("F02", "no_segment", "MSH"))
    reports = reports_of(message, context=context, findings=findings) if is_taken else ()
    finess, name = fields.structure(msh.brief(4), lexis)
    return Item(
        position=position,
        format=Format.HL7V2,
        raw=raw,
        control_id=msh.text(10),
        sender=finess or name,
        reports=reports,
        findings=tuple(findings),
    )


def _longer(message: Message) -> Segment | None:
    """The first segment, OBX apart, that is longer than any sender has reason to write; None mostly."""
    kept = [message.msh]
    for patient in message.patients:
        kept += filter(None, (patient.pid, patient.pd1, patient.pv1))
        for order in patient.orders:
            kept += filter(None, (order.orc, order.obr, order.specimen))
    return next((segment for segment in kept if _size(segment) > LONGEST_SEGMENT), None)


def _size(segment: Segment) -> int:
    return sum(map(len, segment.fields)) + len(segment.fields)


def _check_header(msh: Segment, findings: list[Finding]) -> bool:
    """Whether the message is of a type, event and version that are taken; every reason is a finding."""
    is_taken, said = _check_type(msh.brief(9), msh.text(12)[:_LONGEST_VERSION], msh.lexis)
    findings += said
    if not msh.raw(10):
        findings.append(finding("H02", "missing", "MSH-10"))
    return is_taken


@lru_cache(maxsize=1_024)
def _check_type(field: str, version: str, lexis: Lexis) -> tuple[bool, tuple[Finding, ...]]:
    """Judge MSH-9 (type, event, structure) and MSH-12."""
    parts = [lexis.read(part) for part in field.split(lexis.component)]
    kind, event, structure = (*parts, "", "", "")[:3]
    said: list[Finding] = []
    if kind != "ORU":
        said.append(finding("H01", "type", "MSH-9.1", given=shown(kind)))
    elif event != "R01" and (event or structure != "ORU_R01"):
        said.append(finding("H01", "event", "MSH-9.2", given=shown(event)))
    if version and not version.startswith(_VERSIONS):
        said.append(finding("H01", "version", "MSH-12", given=shown(version)))
    is_taken = not said
    if not version:
        said.append(finding("H03", "missing", "MSH-12"))
    return is_taken, tuple(said)


def _characters(raw: bytes) -> tuple[str, str]:
    """The text of a message and the codec it is in, whatever MSH-18 says."""
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        header = _END_OF_LINE.split(raw, 1)[0].decode("latin-1").split(chr(raw[3]))
        announced = encodings.declared(header[17].split("~", 1)[0]) if len(header) > 17 else ""
        read = encodings.read(raw, announced=announced or "")
        return read.text, read.codec


def _check_charset(msh: Segment, codec: str, findings: list[Finding]) -> None:
    """A finding when MSH-18 announces another character set than that of the message."""
    announced = encodings.declared(msh.text(18))
    if announced is None:
        findings.append(finding("F04", "unknown", "MSH-18", used=codec))
    elif announced not in ("", codec):
        findings.append(finding("F04", "charset", "MSH-18", declared=announced, used=codec))


def _unread(raw: bytes, position: int, said: Finding) -> Item:
    return Item(position=position, format=Format.HL7V2, raw=raw, findings=(said,))
