"""Telephone numbers, as far as it matters here: which of them takes a short message."""

from __future__ import annotations

import re

_MOBILE = re.compile(r"(?:(?:\+|00)(?:33|262|590|594|596)(?:\(0\))?|0)[67][0-9]{8}", re.ASCII)
_NOT_DIALLED = str.maketrans("", "", " .-/\u00a0")


def is_mobile(number: str) -> bool:
    """Whether a French number is a mobile one (06, 07, or +33 and the overseas codes with 6 or 7)."""
    return bool(_MOBILE.fullmatch(number.translate(_NOT_DIALLED)))
