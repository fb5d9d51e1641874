"""Data identifiers of the 2D-DOC types this room reads by name (ANTS, CAB specification 3.1.3 and 3.3.4)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One data identifier: its name here, and its length in characters (a fixed one has no separator)."""

    name: str
    shortest: int
    longest: int

    @property
    def fixed(self) -> bool:
        return self.shortest == self.longest


# Type B2, "Test COVID": all fields mandatory, in this order.
TEST: dict[str, Field] = {
    "F0": Field("first_names", 0, 60),
    "F1": Field("birth_name", 0, 38),
    "F2": Field("birth_date", 8, 8),
    "F3": Field("sex", 1, 1),
    "F4": Field("loinc", 3, 7),
    "F5": Field("result", 1, 1),
    "F6": Field("sampled_at", 12, 12),
}

# Type L1, "Attestation vaccinale".
VACCINATION: dict[str, Field] = {
    "L0": Field("name", 0, 80),
    "L1": Field("first_names", 0, 80),
    "L2": Field("birth_date", 8, 8),
    "L3": Field("disease", 0, 30),
    "L4": Field("prophylactic_agent", 5, 15),
    "L5": Field("vaccine", 5, 30),
    "L6": Field("maker", 5, 30),
    "L7": Field("dose", 1, 1),
    "L8": Field("doses_expected", 1, 1),
    "L9": Field("vaccinated_on", 8, 8),
    "LA": Field("state", 2, 2),
}

BY_TYPE: dict[str, dict[str, Field]] = {"B2": TEST, "L1": VACCINATION}

# Letters of F5 and F3.
RESULTS = frozenset("PNIX")
SEXES = frozenset("MFU")
