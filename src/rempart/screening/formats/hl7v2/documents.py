"""Documents inside an OBX-5 of type ED: can they be opened? The result beside them is read elsewhere.

Official French samples hold base64 with a lost character or without its padding, so decoding is lenient; only
a document that is not what it says is an error.
"""

from __future__ import annotations

import base64
import binascii
import re
from xml.parsers import expat

from rempart.screening.formats.hl7v2.tokens import Segment
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Finding

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


def check(obx: Segment) -> tuple[Finding, ...]:
    """What is wrong with the document of an OBX (ED: source, type, subtype, encoding, data)."""
    repetitions = obx.repetitions(5)
    parts = repetitions[0] if repetitions else []
    if len(parts) < 5 or parts[3].strip().upper() != "BASE64" or not parts[4]:
        return ()
    content, repaired = lenient_base64(parts[4])
    findings = []
    if repaired:
        findings.append(finding("C04", "repaired", obx.at(5), length=len(parts[4])))
    kind = f"{parts[1]} {parts[2]}".upper()
    if ("XML" in kind and not _is_xml(content)) or ("PDF" in kind and b"%PDF-" not in content[:1024]):
        findings.append(finding("C05", "unreadable", obx.at(5), kind="XML" if "XML" in kind else "PDF"))
    return tuple(findings)


def lenient_base64(text: str) -> tuple[bytes, bool]:
    """Decoded bytes, and whether the text had to be repaired.

    Missing padding is added; a lone last character, which carries no whole byte, is dropped.
    """
    kept = _NOT_BASE64.sub("", text)
    body = kept.rstrip("=")
    if len(body) % 4 == 1:
        body = body[:-1]
    padded = body + "=" * (-len(body) % 4)
    try:
        return base64.b64decode(padded), padded != "".join(text.split())
    except binascii.Error:  # an equals sign in the middle
        return b"", True


def _is_xml(content: bytes) -> bool:
    """Whether the bytes are well-formed XML without entity declarations, which no document needs."""

    def refuse(*_declaration: object) -> None:
        raise ValueError("entity declared")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return True
