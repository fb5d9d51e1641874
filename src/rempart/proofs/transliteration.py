"""Names in the alphabets of the certificates.

`mrz` follows ICAO Doc 9303 part 3 section 6 (machine readable zone), first choice of each row, for
Latin and Cyrillic letters. `capitals` is the alphabet of 2D-DOC text fields (ANTS, type B2): A–Z and
space, French manner (accents dropped, ligatures opened).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

_LIGATURES = {
    "Æ": "AE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ð": "D", "Đ": "D", "Ł": "L", "Ħ": "H", "Ĳ": "IJ",
    "Ŋ": "N", "Ŧ": "T", "ĸ": "Q", "İ": "I", "ı": "I", "Ƶ": "Z", "Ə": "E",
}  # fmt: skip
_LATIN_MRZ = {"Ä": "AE", "Ö": "OE", "Ü": "UE", "Å": "AA", "Ø": "OE"}
_LATIN_CAPITALS = {"Ø": "O"}
_CYRILLIC = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Д": "D", "Е": "E", "Ё": "E", "Ж": "ZH", "З": "Z", "И": "I",
    "Й": "I", "К": "K", "Л": "L", "М": "M", "Н": "N", "О": "O", "П": "P", "Р": "R", "С": "S", "Т": "T",
    "У": "U", "Ф": "F", "Х": "KH", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE", "Ы": "Y",
    "Ь": "", "Э": "E", "Ю": "IU", "Я": "IA", "І": "I", "Ї": "I", "Є": "IE", "Ґ": "G", "Ў": "U", "Ђ": "D",
    "Ј": "J", "Љ": "LJ", "Њ": "NJ", "Ћ": "C", "Џ": "DZ", "Ѓ": "G", "Ќ": "K", "Ѕ": "DZ",
}  # fmt: skip
_MRZ = str.maketrans(_CYRILLIC | _LIGATURES | _LATIN_MRZ)
_CAPITALS = str.maketrans(_CYRILLIC | _LIGATURES | _LATIN_CAPITALS)
_OTHERS = re.compile(r"[^A-Z]+")
_LEFT_OUT = dict.fromkeys(map(ord, "'’ʼ`´."))  # of a machine readable zone: D'Œuf is one word there
_MRZ_LENGTH = 80  # EU DCC schema 1.3.x, fnt and gnt


def mrz(name: str) -> str:
    """A name as in a passport's machine readable zone: `Jean-Noël D'Œuf` gives `JEAN<NOEL<DOEUF`.

    At most 80 characters of A–Z and `<`; empty when no character has a transliteration.
    """
    letters = _letters(name, _MRZ).translate(_LEFT_OUT)
    return _OTHERS.sub("<", letters).strip("<")[:_MRZ_LENGTH].rstrip("<")


def capitals(name: str) -> str:
    """A name in A–Z and single spaces: `Jean-Noël D'Œuf` gives `JEAN NOEL D OEUF`."""
    return _OTHERS.sub(" ", _letters(name, _CAPITALS)).strip()


def _letters(name: str, table: dict[int, str]) -> str:
    """In capitals, letters opened and without their marks; what has no transliteration stays."""
    if name.isascii():
        return name.upper()
    composed = unicodedata.normalize("NFC", name).upper()
    decomposed = unicodedata.normalize("NFKD", composed.translate(table))
    return decomposed if decomposed.isascii() else decomposed.translate(_marks())


@cache
def _marks() -> dict[int, None]:
    """Every combining character of Unicode, to be left out."""
    return dict.fromkeys(code for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
