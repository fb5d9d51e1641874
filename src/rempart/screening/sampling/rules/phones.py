"""Telephone numbers as people write them: which are whole, and which are mobiles."""

from __future__ import annotations

import re

_SIGNS = re.compile(r"\(0\)|[\s.\-/()]")
_FRENCH = re.compile(r"0[1-9]\d{8}", re.ASCII)
_ABROAD = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
_FRANCE = re.compile(r"(?:\+|00)33(\d{9})", re.ASCII)
_MOBILE = re.compile(r"0[67]\d{8}|\+\d{8,15}", re.ASCII)


def number_of(text: str) -> str:
    """A number without the signs people write in it: ten digits in France, with its plus sign from abroad; empty
    when it is not whole."""
    bare = _SIGNS.sub("", text)
    if found := _FRANCE.fullmatch(bare):
        bare = f"0{found[1]}"
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    return bare if _FRENCH.fullmatch(bare) or _ABROAD.fullmatch(bare) else ""


def mobile_of(number: str) -> str:
    """The number where a message can be sent to it: 06 and 07, and any from abroad, of which nobody can tell; else
    nothing."""
    return number if _MOBILE.fullmatch(number) else ""
