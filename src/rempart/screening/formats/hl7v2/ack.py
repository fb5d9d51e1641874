"""HL7 v2 acknowledgements (original mode): MSH, MSA, and one ERR per finding (v2.5.1, chapter 2).

AA the message was taken, with its warnings; AE it was read and refused; AR it could not be read as one of
ours. The text goes out in UTF-8 and names no person.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from rempart.screening.formats import encodings
from rempart.screening.formats.delimited import LONGEST_REMEMBERED, Lexis, Segment
from rempart.screening.formats.hl7v2.tokens import lexis_of
from rempart.screening.rules.catalogue import Acknowledgement, catalogue
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Item, Severity

_PLATFORM = "REMPART"
_OUR_CODES = "99REMPART"
_VERSIONS = ("2.3", "2.4", "2.5")
_DEFAULT_VERSION = "2.5"

# HL7 table 0357, message error condition codes.
_CONDITIONS = {
    0: "Message accepted",
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    198: "Non-conformant cardinality",
    199: "Other HL7 error",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}
_SEVERITIES = {Severity.ERROR: "E", Severity.WARNING: "W"}

# "OBX[1]-5 (segment 6)", "PID-5.1", "OBR-7 for OBX[1] (segment 6)", "BTS-1", "MSH"
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\.(\d+))?)?(?![A-Za-z0-9])")
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\", "\r": " ", "\n": "\\.br\\"}
_TO_ESCAPE = re.compile(r"[\\|^~&\r\n]")
_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_HEADER = 4096  # bytes of an MSH that are read
_REMEMBERED = 16_384  # of names of senders and receivers: a sender's are the same in each of its messages


def acknowledge(item: Item, judgement: Judgement, *, now: datetime) -> bytes:
    """The acknowledgement of one message, as bytes ready to send (framing is the transport's).

    Sender and receiver change places; what cannot be read of the message is left empty.
    """
    msh = _header_of(item.raw)
    sender = [_copied(msh, n) for n in (5, 6)]
    version = msh.text(12) if msh is not None else ""
    written = now.strftime("%Y%m%d%H%M%S%z")
    header = [
        "MSH",
        "^~\\&",
        sender[0] or _PLATFORM,
        sender[1],
        _copied(msh, 3),
        _copied(msh, 4),
        written,
        "",
        "ACK^R01^ACK",
        f"ACK{written[2:14]}{now.microsecond:06d}{item.position}",
        _copied(msh, 11) or "P",
        _escaped(version) if version.startswith(_VERSIONS) else _DEFAULT_VERSION,
        *[""] * 5,
        "UNICODE UTF-8",
    ]
    lines = ["|".join(header), f"MSA|{code_of(judgement)}|{_escaped(item.control_id)}"]
    lines += [_error(finding) for finding in judgement.findings]
    return ("\r".join(lines) + "\r").encode("utf-8", "replace")


def code_of(judgement: Judgement) -> Acknowledgement:
    """MSA-1 for a judgement."""
    errors = [f for f in judgement.findings if f.severity is Severity.ERROR]
    if not errors:
        return Acknowledgement.ACCEPT
    entries = catalogue()
    if any(entries[f.code].acknowledgement is Acknowledgement.REJECT for f in errors):
        return Acknowledgement.REJECT
    return Acknowledgement.ERROR


def _error(finding: Finding) -> str:
    entry = catalogue()[finding.code]
    number = entry.hl7_code(finding.location)
    condition = f"{number}^{_CONDITIONS[number]}^HL70357"
    ours = f"{finding.code}^{_escaped(finding.message)}^{_OUR_CODES}"
    said = _escaped(f"{finding.message} {finding.do}".strip())
    location = _escaped(finding.location)
    return f"ERR||{_place(finding.location)}|{condition}|{_SEVERITIES[finding.severity]}|{ours}||{location}|{said}"


def _place(location: str) -> str:
    """ERL: segment, its rank, field, repetition, component; empty when the finding is on no segment."""
    match = _PLACE.match(location)
    if match is None:
        return ""
    segment, rank, field, component = (part or "" for part in match.groups())
    return f"{segment}^{rank}^{field}^^{component}".rstrip("^")


def _header_of(raw: bytes) -> Segment | None:
    """The MSH of a message, None when there is none that can be read."""
    end = _LINE_END.search(raw, 0, _LONGEST_HEADER)
    line = encodings.read(raw[: end.start() if end else _LONGEST_HEADER]).text
    lexis = lexis_of(line) if line.startswith("MSH") else None
    if lexis is None:
        return None
    fields = line.split(lexis.field)
    return Segment("MSH", [fields[0], lexis.field, *fields[1:]], 1, 1, lexis)


def _copied(msh: Segment | None, n: int) -> str:
    """A field of the message's MSH with our delimiters."""
    if msh is None:
        return ""
    field = msh.raw(n)
    rewritten = _rewritten if len(field) <= LONGEST_REMEMBERED else _rewritten.__wrapped__
    return rewritten(field, msh.lexis)


@lru_cache(maxsize=_REMEMBERED)
def _rewritten(field: str, lexis: Lexis) -> str:
    return "^".join([_escaped(lexis.read(part)) for part in field.split(lexis.component)])


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], text)
