"""What the one who simulates may choose, and the choices made for him."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

DEFAULT_START = date(2021, 3, 1)


class Sending(StrEnum):
    """In which format the laboratories send; mixed: of six, three in HL7, two in HPRIM Médecin and one in HPRIM Santé."""

    HL7V2 = "hl7v2"
    HPRIM = "hprim"
    HPRIM_SANTE = "hprim-sante"
    CDA = "cda"
    FHIR = "fhir"
    MIXED = "mixed"
