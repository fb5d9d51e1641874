"""LOINC codes: form and check digit (LOINC Users' Guide, appendix on the Mod 10 check digit)."""

from __future__ import annotations

import re
from functools import lru_cache

from rempart.foundation.identifiers import luhn

_SHAPE = re.compile(r"[0-9]{1,7}-[0-9]", re.ASCII)


def looks_like_one(code: str) -> bool:
    """Whether the text has the form of a LOINC code, whatever its check digit."""
    return bool(_SHAPE.fullmatch(code))


@lru_cache(maxsize=16_384)
def is_valid(code: str) -> bool:
    """Whether the text has the form of a LOINC code and its last digit is the Luhn key of the rest."""
    return looks_like_one(code) and luhn.is_valid(code.replace("-", ""))
