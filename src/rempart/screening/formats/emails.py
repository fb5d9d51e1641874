"""E-mail addresses, as far as it matters here: a notice goes to one person, whatever a message says."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@,;:<>\"()\x00-\x1f\x7f]{1,64}@[^\s@,;:<>\"()\x00-\x1f\x7f]{1,255}")


def one_address(text: str) -> str:
    """The address, or "" for anything else: several, a name beside it, or a line end that would begin a header."""
    return text if text and _ADDRESS.fullmatch(text) else ""


def of_the_person(text: str) -> str:
    """The same, but for an address of the space that the State gives each patient, which takes mail of MSSanté only."""
    return "" if text.lower().endswith("@patient.mssante.fr") else one_address(text)
