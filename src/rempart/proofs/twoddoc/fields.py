"""Data identifiers of the 2D-DOC types this room reads by name (ANTS, CAB specification 3.1.3 and 3.3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Content(Enum):
    """What the characters of a value may be."""

    NAMES = re.compile(r"[A-Z /]*")
    TEXT = re.compile(r"[A-Z0-9 ./-]*")
    LETTERS_AND_DIGITS = re.compile(r"[A-Z0-9]*")
    DIGITS = re.compile(r"[0-9]*")


@dataclass(frozen=True, slots=True)
class Field:
    """One data identifier: its name here, its length in characters (a fixed one has no separator), what it may hold."""

    name: str
    shortest: int
    longest: int
    content: Content = Content.TEXT
    choices: frozenset[str] | None = None

    @property
    def fixed(self) -> bool:
        return self.shortest == self.longest


# Letters of F5 and F3.
RESULTS = frozenset("PNIX")
SEXES = frozenset("MFU")

# Type B2, "Test COVID": all fields mandatory, in this order.
TEST: dict[str, Field] = {
    "F0": Field("first_names", 0, 60, Content.NAMES),
    "F1": Field("birth_name", 0, 38, Content.NAMES),
    "F2": Field("birth_date", 8, 8, Content.DIGITS),
    "F3": Field("sex", 1, 1, choices=SEXES),
    "F4": Field("loinc", 3, 7, Content.LETTERS_AND_DIGITS),
    "F5": Field("result", 1, 1, choices=RESULTS),
    "F6": Field("sampled_at", 12, 12, Content.DIGITS),
}

# Type L1, "Attestation vaccinale".
VACCINATION: dict[str, Field] = {
    "L0": Field("name", 0, 80),
    "L1": Field("first_names", 0, 80),
    "L2": Field("birth_date", 8, 8, Content.DIGITS),
    "L3": Field("disease", 0, 30),
    "L4": Field("prophylactic_agent", 5, 15),
    "L5": Field("vaccine", 5, 30),
    "L6": Field("maker", 5, 30),
    "L7": Field("dose", 1, 1, Content.DIGITS),
    "L8": Field("doses_expected", 1, 1, Content.DIGITS),
    "L9": Field("vaccinated_on", 8, 8, Content.DIGITS),
    "LA": Field("state", 2, 2, choices=frozenset({"CO", "TE"})),
}

BY_TYPE: dict[str, dict[str, Field]] = {"B2": TEST, "L1": VACCINATION}
