"""A letter that is text alone, for the postal route: what has no document of its own."""

from __future__ import annotations

from datetime import datetime

from rempart.proofs.documents import printing
from rempart.proofs.documents.address import LONGEST_LINE, address_lines
from rempart.proofs.documents.printing import printable
from rempart.proofs.documents.templates import template
from rempart.proofs.typesetting import typeset

_LONGEST_PARAGRAPH = 2000


def render_plain(
    *, issuer: str, sender: tuple[str, ...], recipient: tuple[str, ...], subject: str, text: str, at: datetime
) -> bytes:
    """The PDF of a letter; paragraphs of `text` are parted by empty lines. Raises RenderError."""
    made = at.astimezone(printing.ISSUED_ZONE)
    paragraphs = [
        [printable(line, longest=_LONGEST_PARAGRAPH) for line in part.split("\n") if line.strip()]
        for part in text.split("\n\n")
    ]
    data = {
        "issuer": printable(issuer),
        "sender": [printable(line, longest=LONGEST_LINE) for line in sender[:4]],
        "recipient": list(address_lines(recipient)),
        "dated": f"Le {printing.day(made)}",
        "subject": printable(subject) or "Courrier",
        "paragraphs": [lines for lines in paragraphs if lines],
        "date": printing.parts(made),
    }
    return typeset(template("plain.typ"), data, at=at)
