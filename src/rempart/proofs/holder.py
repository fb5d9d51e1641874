"""What every entry of an EU DCC says of its holder, and how its texts are written."""

from __future__ import annotations

import unicodedata

from rempart.proofs.transliteration import mrz

SCHEMA_VERSION = "1.3.0"
COVID_19 = "840539006"  # SNOMED CT, value set "disease-agent-targeted"
_LONGEST = 80  # characters of fn, gn, nm, tc, is


def text(value: str) -> str:
    """A text as the DCC carries it: NFC (HCERT 1.0.5, section 3.3), at most 80 characters."""
    return unicodedata.normalize("NFC", value.strip())[:_LONGEST]


def name(birth_name: str, first_names: tuple[str, ...]) -> dict[str, str]:
    """The field `nam`; a part of it that says nothing is left out."""
    given = " ".join(first_names)
    parts = {"fn": text(birth_name), "fnt": mrz(birth_name), "gn": text(given), "gnt": mrz(given)}
    return {field: value for field, value in parts.items() if value}


def has_standard_name(birth_name: str, first_names: tuple[str, ...]) -> bool:
    """Whether a name has letters that a DCC can write: it needs `fnt` or `gnt`."""
    return bool(mrz(birth_name) or mrz(" ".join(first_names)))
