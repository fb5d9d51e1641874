"""HPRIM Santé 2.1 to 2.4, results (ORU): bytes to reports, with every finding and its place.

The versions differ little: the INS is in P-11 since 2.3. Questions, mutation letters and what the format has no field
for are OBX segments, told from results by their code.
"""

from __future__ import annotations

from collections.abc import Iterator

from rempart.screening.formats import encodings
from rempart.screening.formats.context import Context
from rempart.screening.formats.delimited import Segment
from rempart.screening.formats.hprim_sante import fields, files
from rempart.screening.formats.hprim_sante.messages import Message, gather, joined, lexis_of, lines_of
from rempart.screening.formats.hprim_sante.reports import reports_of
from rempart.screening.rules.catalogue import finding, shown
from rempart.screening.rules.report import Finding, Format, Item

MAXIMUM_SIZE = 16 * 1024 * 1024  # bytes of one message
MAXIMUM_SEGMENTS = 20_000  # of one message: each may be a report, or a finding
LONGEST_SEGMENT = 32_768  # characters, OBX apart, whose value may have 64,000: the rest is kept and shown

_VERSIONS = ("2.1", "2.2", "2.3", "2.4")
_WITHOUT_INS = ("2.1", "2.2")
_LONGEST_VERSION = 20
_DIGITS = 6  # of a count; a longer number counts no segments


def decode(payload: bytes, *, context: Context) -> Iterator[Item]:
    """Every message of an HPRIM Santé file. Yields nothing when no line starts one; never raises on content."""
    for position, piece in enumerate(files.split(payload)):
        yield _decode(piece.raw, position, list(piece.findings), context)


def _decode(raw: bytes, position: int, findings: list[Finding], context: Context) -> Item:
    if len(raw) > MAXIMUM_SIZE:
        size = finding("F03", "size", "H", size=len(raw), limit=MAXIMUM_SIZE)
        return _unread(raw, position, [*findings, size])
    text = raw.decode("ascii") if raw.isascii() else encodings.read(raw).text
    lexis = lexis_of(text)
    if lexis is None:
        return _unread(raw, position, [*findings, finding("F01", "delimiters", "H-1")])
    lines = lines_of(text)
    segments = joined(lines, lexis.field)
    if len(segments) > MAXIMUM_SEGMENTS:
        said = finding("F03", "lines", "H", lines=len(segments), limit=MAXIMUM_SEGMENTS)
        return _unread(raw, position, [*findings, said])
    message = gather(segments, lexis, findings)
    if len(text) > LONGEST_SEGMENT and (long := _longer(message)) is not None:
        said = finding("F03", "long", long.location, size=_size(long), limit=LONGEST_SEGMENT)
        return _unread(raw, position, [*findings, said])
    h = message.h
    version = h.text(12)[:_LONGEST_VERSION].upper().removeprefix("H")
    is_taken = _check_header(h, version, findings)
    _check_trailer(message, len(lines), findings)
    has_ins = not version.startswith(_WITHOUT_INS)
    reports = reports_of(message, has_ins=has_ins, context=context, findings=findings) if is_taken else ()
    laboratory = fields.laboratory(h.brief(4), lexis)
    return Item(
        position=position,
        format=Format.HPRIM_SANTE,
        raw=raw,
        control_id=_control_id(h),
        sender=laboratory.finess or laboratory.name,
        reports=reports,
        findings=tuple(findings),
    )


def _control_id(h: Segment) -> str:
    """The message's own name and time: a file name alone (H-2) comes again with the next day's file."""
    name, at = h.text(2), h.text(13)
    return f"{name}/{at}" if name and at else ""


def _check_header(h: Segment, version: str, findings: list[Finding]) -> bool:
    """Whether the message is of a context and version that are taken; every reason is a finding."""
    is_taken = True
    kind = h.text(6).upper()
    if kind != "ORU":
        findings.append(finding("H01", "context", "H-6", given=shown(kind)))
        is_taken = False
    if not version:
        findings.append(finding("H03", "missing", "H-12"))
    elif not version.startswith(_VERSIONS):
        findings.append(finding("H01", "hprim_version", "H-12", given=shown(version)))
        is_taken = False
    return is_taken


def _check_trailer(message: Message, lines: int, findings: list[Finding]) -> None:
    """A message without L may be cut; L counts patients and segments, with or without continuation lines."""
    trailer = message.trailer
    if trailer is None:
        findings.append(finding("F02", "no_trailer", "end of the message"))
        return
    if announced := trailer.text(3):
        patients = sum(patient.p is not None for patient in message.patients)
        findings += _compared(trailer, 3, "patients", announced, (patients,))
    if announced := trailer.text(4):
        findings += _compared(trailer, 4, "segments", announced, (message.count, lines))


def _compared(
    trailer: Segment, number: int, case: str, announced: str, counts: tuple[int, ...]
) -> tuple[Finding, ...]:
    """What is said of a count that is none, or is none of those that are right."""
    if not (announced.isdigit() and announced.isascii() and len(announced) <= _DIGITS):
        return (finding("F05", "count", trailer.at(number)),)
    if int(announced) in counts:
        return ()
    return (finding("F05", case, trailer.at(number), announced=int(announced), found=counts[0]),)


def _longer(message: Message) -> Segment | None:
    """The first segment, OBX apart, that is longer than any sender has reason to write; None mostly."""
    kept = [message.h]
    for patient in message.patients:
        kept += filter(None, (patient.p, *(order.obr for order in patient.orders)))
    return next((segment for segment in kept if _size(segment) > LONGEST_SEGMENT), None)


def _size(segment: Segment) -> int:
    return sum(map(len, segment.fields)) + len(segment.fields)


def _unread(raw: bytes, position: int, findings: list[Finding]) -> Item:
    return Item(position=position, format=Format.HPRIM_SANTE, raw=raw, findings=tuple(findings))
