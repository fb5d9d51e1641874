"""The letter for the postal route, for an envelope with a window, and the address as the post reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from rempart.proofs import barcodes
from rempart.proofs.documents import printing
from rempart.proofs.documents.printing import printable
from rempart.proofs.documents.sheets import Declaration, check_link, declared
from rempart.proofs.documents.templates import template
from rempart.proofs.documents.texts import filled, paragraphs, printed, runs, texts_of
from rempart.proofs.typesetting import typeset

MOST_LINES = 6
LONGEST_LINE = 38
"""Lines of a French address and characters of a line (AFNOR NF Z 10-011)."""

_CAPITALS_FROM_END = 3  # number and street, place, town: capitals, no punctuation
_NO_PUNCTUATION = re.compile(r"[^\w\s]|_")


class LetterKind(StrEnum):
    READY = "ready"  # a result can be seen; says nothing of it
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalLetter:
    """A letter to the person tested."""

    kind: LetterKind
    issuer: str
    sender: tuple[str, ...] = ()  # the issuer's own address, for what comes back; at most four lines
    recipient: tuple[str, ...] = field(repr=False)  # name first, town last; see `address_lines`
    disease: str
    sampled_at: datetime  # aware
    zone: str = "Europe/Paris"
    laboratory_name: str
    reference: str = ""
    link: str = field(default="", repr=False)  # to the portal; printed, and as a QR code
    declaration: Declaration | None = None  # printed on a positive's letter only
    enclosed: tuple[str, ...] = ()  # what goes with it: "le certificat"
    at: datetime


def address_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    """At most six lines of 38 characters, the last three in capitals without punctuation (NF Z 10-011)."""
    kept = [" ".join(line.split()) for line in lines if line.strip()]
    kept = [*kept[: MOST_LINES - 1], kept[-1]] if len(kept) > MOST_LINES else kept
    first_capital = max(len(kept) - _CAPITALS_FROM_END, 1)
    shaped = []
    for index, line in enumerate(kept):
        text = printable(line).replace("\u00ad", "")
        if index >= first_capital:
            text = " ".join(_NO_PUNCTUATION.sub(" ", text).upper().split())
        shaped.append(text[:LONGEST_LINE].strip())
    return tuple(shaped)


def render_letter(letter: PostalLetter) -> bytes:
    """The PDF of a letter, one page of at most 40 kB; the same bytes for the same values.

    Raises RenderError; ValueError for a link that is none.
    """
    texts = texts_of("letter", letter.at.date())
    kind = texts[letter.kind.value]
    made = letter.at.astimezone(printing.ISSUED_ZONE)
    sampled = letter.sampled_at.astimezone(ZoneInfo(letter.zone))
    values = printed(
        {
            "disease": letter.disease,
            "sampled": printing.day(sampled),
            "laboratory": letter.laboratory_name,
            "issuer": letter.issuer,
            "made": printing.day(made),
            "reference": letter.reference,
            "enclosed": ", ".join(letter.enclosed),
        }
    )
    codes = []
    if letter.link:
        check_link(letter.link)
        codes.append(
            {
                "title": texts["link_title"],
                "text": printable(letter.link, longest=300),
                "after": paragraphs(texts["link_after"], {}),
                "picture": list(barcodes.qr(letter.link)),
                "alt": texts["link_alt"],
            }
        )
    if letter.declaration and letter.kind is LetterKind.POSITIVE:
        codes.append(declared(letter.declaration, texts) or {})
    after = kind["after"] if not letter.enclosed else [texts["enclosed"], *kind["after"]]
    data = {
        "issuer": printable(letter.issuer),
        "sender": [printable(line, longest=LONGEST_LINE) for line in letter.sender[:4]],
        "recipient": list(address_lines(letter.recipient)),
        "address_top": 55,
        "dated": filled(texts["dated"], values)
        + (f" – {filled(texts['reference'], values)}" if letter.reference else ""),
        "subject": filled(kind["subject"], values),
        "before": paragraphs(kind["before"], values),
        "points": paragraphs(kind["points"], values),
        "codes": codes,
        "after": paragraphs(after, values),
        "english": paragraphs(kind["english"], values),
        "foot": runs(texts["foot"], values),
        "date": printing.parts(made),
    }
    return typeset(template("letter.typ"), data, at=letter.at)
