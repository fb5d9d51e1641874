"""HL7 v2: the delimiters of a message, from its MSH (v2.5.1, chapter 2)."""

from __future__ import annotations

from rempart.screening.formats.delimited import DELETED, lexis
from rempart.screening.formats.delimited import Lexis as Lexis
from rempart.screening.formats.delimited import Segment as Segment


def lexis_of(text: str) -> Lexis | None:
    """The lexis of a message from its MSH; None when its delimiters cannot be read.

    Four signs follow the separator, or five with the truncation sign of v2.7, which is met in earlier
    versions too; all of them differ.
    """
    separator = text[3:4]
    end = text.find(separator, 4, 10) if separator else -1
    signs = text[4:end] if end > 0 else text[4:].split("\r", 1)[0]
    if len(signs) not in (4, 5):
        return None
    escape = signs[2]
    plain = text.find(escape, 9) < 0 and DELETED not in text
    return lexis(separator, signs, plain=plain)
