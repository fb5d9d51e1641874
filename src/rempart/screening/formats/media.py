"""Which format a content type announces (requests over HTTP)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rempart.screening.rules.report import Format

HL7 = "application/hl7-v2"
HPRIM_SANTE = "application/hprim-sante"

MEDIA_TYPES: Mapping[str, Format] = MappingProxyType(
    {
        HL7: Format.HL7V2,
        "x-application/hl7-v2+er7": Format.HL7V2,
        HPRIM_SANTE: Format.HPRIM_SANTE,
        "application/hprim-medecin": Format.HPRIM_MEDECIN,
        "application/hprim": Format.HPRIM_MEDECIN,
        "application/hl7-cda+xml": Format.CDA,
        "application/cda+xml": Format.CDA,
        "text/xml": Format.CDA,
        "application/fhir+json": Format.FHIR,
        "application/fhir+ndjson": Format.FHIR,
        "application/json": Format.FHIR,
        "text/csv": Format.TABLE,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Format.TABLE,
    }
)
