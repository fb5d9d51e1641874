"""The letter for the postal route, for an envelope with a window.

A4 folded in three, in a DL envelope (110 × 220 mm) whose window of 35 or 45 × 100 mm is 20 mm from the right and
from the bottom. The letter moves by 10 mm to the side and 11 mm up and down, so that the window always shows
what is between 100 and 190 mm from the left and between 55 and 79 mm from the top, and never what is left of
90 mm, above 34 mm or below 90 mm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from rempart.proofs import barcodes
from rempart.proofs.documents import printing
from rempart.proofs.documents.address import LONGEST_LINE, address_lines
from rempart.proofs.documents.printing import unbroken
from rempart.proofs.documents.sheets import Declaration, check_link, declared
from rempart.proofs.documents.templates import template
from rempart.proofs.documents.texts import filled, paragraphs, printed, texts_of
from rempart.proofs.typesetting import typeset

_MOST_SENDER_LINES = 4
_LONGEST_REFERENCE = 30  # characters


class LetterKind(StrEnum):
    READY = "ready"  # a result can be seen; says nothing of it
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalLetter:
    """A letter to the person tested."""

    kind: LetterKind
    issuer: str
    sender: tuple[str, ...] = ()  # the issuer's own address, for what comes back: at most four lines
    recipient: tuple[str, ...] = field(repr=False)  # name first, town last; see `address.address_lines`
    disease: str
    sampled_at: datetime  # aware
    zone: str = "Europe/Paris"
    laboratory_name: str
    reference: str = ""
    link: str = field(default="", repr=False)  # to the portal; printed, and as a QR code
    declaration: Declaration | None = None  # printed in a positive's letter only
    enclosed: tuple[str, ...] = ()  # what goes with it: "le certificat"
    at: datetime


def render_letter(letter: PostalLetter) -> bytes:
    """The PDF of a letter, one page of at most 40 kB; the same bytes for the same values.

    Raises RenderError; ValueError for a link that is none.
    """
    made = printing.issued_day(letter.at)
    texts = texts_of("letter", made)
    kind = texts[letter.kind.value] | (texts[letter.kind.value]["enclosed"] if letter.enclosed else {})
    sampled = letter.sampled_at.astimezone(ZoneInfo(letter.zone))
    values = printed(
        {
            "disease": letter.disease,
            "sampled": printing.day(sampled),
            "laboratory": letter.laboratory_name,
            "issuer": letter.issuer,
            "made": printing.day(made),
            "reference": letter.reference[:_LONGEST_REFERENCE],
            "enclosed": ", ".join(letter.enclosed),
        }
    )
    codes = []
    if letter.link:
        check_link(letter.link)
        codes.append(
            {
                "title": texts["link_title"],
                "text": letter.link,
                "link": letter.link,
                "after": paragraphs(texts["link_after"], {}),
                "picture": list(barcodes.qr(letter.link)),
                "alt": texts["link_alt"],
            }
        )
    if letter.declaration and letter.kind is LetterKind.POSITIVE:
        codes.append(declared(letter.declaration, texts))
    data = {
        "issuer": values["issuer"],
        "size": kind["size"],  # points
        "sender": [unbroken(line, longest=LONGEST_LINE) for line in letter.sender[:_MOST_SENDER_LINES]],
        "recipient": list(address_lines(letter.recipient)),
        "dated": filled(texts["dated"], values),
        "reference": filled(texts["reference"], values) if letter.reference else "",
        "subject": filled(kind["subject"], values),
        "before": paragraphs(kind["before"], values),
        "points": paragraphs(
            [*kind["points"], *(kind.get("link_points", ()) if letter.link else ())], values
        ),
        "codes": codes,
        "after": paragraphs(kind["after"], values),
        "english": paragraphs(kind["english"], values),
        "foot": paragraphs(texts["foot"], values),
        "date": printing.parts(made),
    }
    return typeset(template("letter.typ"), data, at=letter.at)
