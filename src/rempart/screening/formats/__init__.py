"""Decoders: bytes of a delivery to reports and findings, one folder per format.

    cda              CDA R2 level 3: CR-BIO and BIO-TROD
    fhir             FHIR R4 in JSON: Bundle, DiagnosticReport, Observation
    hl7v2            HL7 v2.3 to 2.5.1, ORU^R01
    hprim_sante      HPRIM Santé 2.1 to 2.4, ORU
    hprim_medecin    HPRIM Médecin 3.0
    tables           CSV and XLSX, one row a message

Each has `decode(payload, *, context)`, which yields the Items of its messages (none when there is none), and
`recognises(start)`, whether the first bytes of a payload are its own. They know nothing of storage, and never raise
on content: whatever the bytes, every message gives an Item, and a delivery without any message gives one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType

from rempart.screening.formats import cda, encodings, fhir, hl7v2, hprim_medecin, hprim_sante, tables
from rempart.screening.formats.context import Context
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Format, Item

__all__ = ["Context", "decode", "sniff"]

_FORMATS: Mapping[Format, ModuleType] = {
    Format.CDA: cda,
    Format.FHIR: fhir,
    Format.HL7V2: hl7v2,
    Format.HPRIM_SANTE: hprim_sante,
    Format.HPRIM_MEDECIN: hprim_medecin,
    Format.TABLE: tables,
}
"""In the order in which they are tried on bytes that nobody named."""

_SNIFFED = 1_048_576  # bytes in which a format must show itself
_BLANK = b" \t\r\n\x00\x1a\x0b\x1c"


def sniff(payload: bytes) -> Format:
    """The format of a payload, by what stands at the start of its lines; UNKNOWN when none is met."""
    if payload.startswith(b"MSH|"):
        return Format.HL7V2
    start = as_8_bits(payload[:_SNIFFED])[0]
    return next((format_ for format_, module in _FORMATS.items() if module.recognises(start)), Format.UNKNOWN)


def decode(payload: bytes, *, format: Format | None = None, context: Context) -> Iterator[Item]:
    """Every message of a payload, in order; at least one Item, whatever the bytes.

    `format` is sniffed when it is None. Never raises on content.
    """
    module = _FORMATS.get(format or sniff(payload))
    is_empty = True
    if module is not None:
        text, codec = as_8_bits(payload)
        for item in module.decode(text, context=context):
            is_empty = False
            yield item if not codec else replace(item, raw=item.raw.decode("utf-8").encode(codec))
    if is_empty:
        case = "unknown" if payload.strip(_BLANK) else "empty"
        said = finding("F01", case, "start of the file", size=len(payload))
        yield Item(position=0, format=Format.UNKNOWN, raw=payload, findings=(said,))


def as_8_bits(payload: bytes) -> tuple[bytes, str]:
    """The payload of any decoder: without byte order mark; and the codec it was in when that is not an 8-bit one.

    Wide characters become UTF-8, so that the decoders look for ASCII delimiters only.
    """
    codec, length = encodings.mark(payload)
    if codec in ("", "utf-8"):
        return payload[length:] if length else payload, ""
    text = payload[length:].decode(codec, "replace")
    return text.encode("utf-8", "replace"), codec
