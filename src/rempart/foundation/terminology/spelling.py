"""How free text is compared: without case, accents or punctuation."""

from __future__ import annotations

import re
import unicodedata

_NOT_WORD = re.compile(r"[^0-9A-Z+]+", re.ASCII)


def normalise(text: str) -> str:
    """Upper case ASCII words separated by one space; "Non détecté." is "NON DETECTE".

    `+` stays, because some devices write results with it.
    """
    if not text.isascii():
        text = text.replace("œ", "oe").replace("Œ", "OE")
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", text.upper()).strip()
