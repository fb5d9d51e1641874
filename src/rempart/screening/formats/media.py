"""Which format a content type announces (requests over HTTP)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rempart.screening.rules.report import Format

HL7 = "application/hl7-v2"

MEDIA_TYPES: Mapping[str, Format] = MappingProxyType(
    {
        HL7: Format.HL7V2,
        "x-application/hl7-v2+er7": Format.HL7V2,
        "application/hprim-medecin": Format.HPRIM_MEDECIN,
        "application/hprim": Format.HPRIM_MEDECIN,
    }
)
