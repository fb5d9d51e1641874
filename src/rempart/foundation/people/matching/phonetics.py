"""How a French name sounds, roughly: names that are heard alike get the same key.

Ours, after the usual reductions of French phonetic keys (Soundex 2, Phonex): mute letters go, spellings of one
sound become one sign. It is made to bring spellings together for a look at the rest, not to transcribe.
"""

from __future__ import annotations

import re

_STEPS = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"SCH|SH|CH(?=[AEIOUY])", "9"),  # Schmitt, Chevalier
        (r"PH", "F"),
        (r"H", ""),
        (r"(?<=[AEIOUY])ILLE?(?=[^I]|$)", "Y"),  # Mireille, Camille keeps its I
        (r"GN", "N"),
        (r"QU|Q|CK|K|X(?=C)|C(?![EIY9])", "K"),
        (r"C(?=[EIY])|[Z]", "S"),
        (r"GU(?=[EIY])", "5"),
        (r"G(?=[EIY])", "J"),
        (r"G", "5"),
        (r"W|BV", "V"),  # Lefebvre
        (r"Y", "I"),
        (r"(.)\1+", r"\1"),
        (r"(?:EAU|AU)(?:L?[DTX]S?$)?", "O"),  # Renault, Renaud
        (r"OEU|EU|OE", "E"),
        (r"OU", "U"),
        (r"(?:AI|EI|I|U)[MN](?=[^AEIOUMN]|$)", "1"),  # -in, -ain, -un
        (r"[AE][MN](?=[^AEIOUMN]|$)", "2"),  # -an, -en
        (r"O[MN](?=[^AEIOUMN]|$)", "3"),  # -on
        (r"AI|EI", "E"),
        (r"(?<=.{2})(?:E[STRZ]?|[STDXZ]+|AS|OS)$", ""),  # mute endings
        (r"(?<=.{2})[STDX]$", ""),
        (r"(.)\1+", r"\1"),
    )
)


def sound(letters: str) -> str:
    """The key of a name written in letters A-Z; of anything else, itself. "" for ""."""
    if not letters.isascii():
        return letters
    key = letters
    for pattern, sign in _STEPS:
        key = pattern.sub(sign, key)
    return key or letters
