"""How traits are written alike before they are compared. Each function takes one value and returns "" for none."""

from __future__ import annotations

import re
import unicodedata

from rempart.foundation.people.matching.placeholders import PLACEHOLDERS
from rempart.foundation.people.rules import canonical_name

_BETWEEN = re.compile(r"[\s,;/_\-‐‑–—.]+")
_BRACKETS = re.compile(r"\([^)]*\)?")
_COG = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}")
_NIR = re.compile(r"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{6}(?:[0-9]{2})?")
_SEXES = {
    "M": "M", "H": "M", "1": "M", "MALE": "M", "HOMME": "M", "MASCULIN": "M", "MAN": "M", "MR": "M", "GARCON": "M",
    "F": "F", "2": "F", "FEMALE": "F", "FEMME": "F", "FEMININ": "F", "WOMAN": "F", "W": "F", "FILLE": "F",
    "MME": "F", "MLLE": "F",
}  # fmt: skip
_SAINTS = {"ST": "SAINT", "STE": "SAINTE"}
_LONGEST = 200  # characters of a value that are looked at


def words(text: str) -> str:
    """A name as words of letters A-Z between single spaces; letters of other alphabets stay as they are."""
    kept = []
    for word in _BETWEEN.split(text[:_LONGEST]):
        letters = canonical_name(word) or _other_letters(word)
        if letters:
            kept.append(letters)
    said = " ".join(kept)
    return "" if said in PLACEHOLDERS["names"] else said


def _other_letters(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).upper()
    return "".join(letter for letter in folded if letter.isalpha())


def sex(text: str) -> str:
    """F, M or ""."""
    said = text.strip().rstrip(".").upper()
    if said.endswith(".0"):
        said = said[:-2]
    return _SEXES.get(said) or _SEXES.get(canonical_name(said), "")


def place(text: str) -> str:
    """Where somebody was born: INSEE's code as it is, a name as words, without district or code in brackets."""
    said = text.strip().upper()
    if _COG.fullmatch(said):
        return "" if said in PLACEHOLDERS["codes"] else said
    kept = [_SAINTS.get(word, word) for word in words(_BRACKETS.sub(" ", said)).split()]
    while len(kept) > 1 and kept[-1] in ("CEDEX", "E", "EME", "ER", "ARRONDISSEMENT"):
        kept.pop()
    return " ".join(kept)


def is_code(said: str) -> bool:
    """Whether a place that was written alike is INSEE's code."""
    return said[:1].isdigit()


def postcode(text: str) -> str:
    """Letters and digits, in capitals."""
    said = "".join(filter(str.isalnum, _whole_number(text).upper()))[:_LONGEST]
    return "" if said in PLACEHOLDERS["codes"] or not said.strip("0") else said


def phone(text: str) -> str:
    """The last nine digits of a telephone number; an e-mail address in small letters."""
    if "@" in text:
        return text.strip().lower()[:_LONGEST]
    digits = "".join(filter(_is_digit, _whole_number(text)))
    said = digits[-9:] if len(digits) <= 15 else ""
    return said if len(said) >= 6 and len(set(said)) > 2 else ""


def ins(text: str) -> str:
    """A matricule without its key, or any other number: letters and digits, in capitals."""
    said = "".join(filter(str.isalnum, _whole_number(text).upper()))[:_LONGEST]
    if _NIR.fullmatch(said):
        said = said[:13]
    return "" if said in PLACEHOLDERS["codes"] or len(set(said)) < 2 else said


def _whole_number(text: str) -> str:
    """What a spreadsheet made a decimal number of is a whole one again."""
    said = text.strip()
    return said[:-2] if said.endswith((".0", ",0")) else said


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"
