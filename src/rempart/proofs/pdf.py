"""The certificate on paper: one A4 page, PDF/A-2a and PDF/UA-1, and the codes read back from any PDF."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rempart.proofs import barcodes
from rempart.proofs.testcertificate import Analysis, Issued, Result, Sex, TestCertificate
from rempart.proofs.transliteration import capitals
from rempart.proofs.typesetting import typeset

if TYPE_CHECKING:
    import pypdfium2

_RESULTS = {
    Result.POSITIVE: ("positive", "Positif", "Detected"),
    Result.NEGATIVE: ("negative", "Négatif", "Not detected"),
    Result.UNINTERPRETABLE: ("neither", "Ininterprétable", "Inconclusive"),
    Result.NON_CONFORM: ("neither", "Prélèvement non conforme", "Unsuitable sample"),
}
_ANALYSES = {
    Analysis.NAAT: "Amplification des acides nucléiques (NAAT)",
    Analysis.ANTIGEN: "Détection d’antigène (RAT)",
    Analysis.OTHER: "Autre analyse",
}
_SEXES = {Sex.FEMALE: "Féminin (F)", Sex.MALE: "Masculin (M)", Sex.UNKNOWN: "Non précisé (X)"}
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_ISSUED_ZONE = ZoneInfo("Europe/Paris")
_LONGEST = 80  # characters of a printed value, so that the page stays one page
_LONG_WORD = re.compile(r"\S{34}(?=\S)")  # wider than a line at worst: may be broken there
# What the shipped font (Public Sans) draws, of what names and labels may hold.
_DRAWN = re.compile(
    "[ -~\u00a0-\u0131\u0134-\u0148\u014a-\u017e\u01fa-\u021b\u1e80-\u1e85\u1ea0-\u1ef9"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u20ac]"
)
_MAX_PAGES = 20
_READ_DPI = 200
_MAX_SIDE = 4_000  # pixels; a larger page is rendered smaller


def render_pdf(certificate: TestCertificate, issued: Issued) -> bytes:
    """The PDF of an issued certificate, at most 40 kB; the same bytes for the same values.

    Letters that the font lacks are transliterated, values longer than 80 characters are cut with an
    ellipsis (the signed codes hold what their formats allow). Raises RenderError.
    """
    return typeset(_template(), _page(certificate, issued), at=issued.at)


def read_pdf(data: bytes) -> list[str]:
    """The texts of the codes on the first 20 pages of a PDF. Raises ValueError when it cannot be opened."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ValueError("This is not a PDF that can be opened.") from error
    with document:
        return [
            text for index in range(min(len(document), _MAX_PAGES)) for text in _read_page(document, index)
        ]


def _read_page(document: pypdfium2.PdfDocument, index: int) -> Iterator[str]:
    import pypdfium2

    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return
    scale = min(_READ_DPI / 72, _MAX_SIDE / max(*page.get_size(), 1))
    yield from barcodes.read_image(page.render(scale=scale, grayscale=True).to_pil())


@cache
def _template() -> bytes:
    return (resources.files("rempart.proofs") / "templates" / "certificate.typ").read_bytes()


def _page(certificate: TestCertificate, issued: Issued) -> dict[str, object]:
    """What the template prints, ready to be printed."""
    tone, result, result_en = _RESULTS[certificate.result]
    sampled = certificate.sampled_locally
    delivered = issued.at.astimezone(_ISSUED_ZONE)
    person = [
        ("Nom de naissance", "Birth name", certificate.birth_name),
        ("Prénom(s)", "Given name(s)", ", ".join(certificate.first_names)),
        ("Date de naissance", "Date of birth", _day(certificate.birth_date)),
        ("Sexe", "Sex", _SEXES[certificate.sex]),
    ]
    test = [
        ("Maladie recherchée", "Disease", certificate.disease_label),
        ("Analyse", "Analysis", certificate.analysis_label),
        ("Type de test", "Test type", _ANALYSES[certificate.analysis]),
        ("Code LOINC", "LOINC code", certificate.loinc),
        ("Nom commercial du test", "Test name", certificate.test_name),
        ("Dispositif (base JRC)", "Device (JRC)", certificate.device),
        ("Laboratoire", "Laboratory", certificate.laboratory_name),
    ]
    certification = [
        ("Identifiant (UVCI)", "Identifier", certificate.uvci if issued.hc1 else ""),
        ("Référence", "Reference", certificate.reference),
        ("Délivré le", "Issued on", f"{_day(delivered.date())} à {delivered:%H:%M}"),
    ]
    return {
        "issuer": printable(certificate.issuer),
        "disease": printable(certificate.disease_label),
        "tone": tone,
        "result": result,
        "result_en": result_en,
        "sampled_day": _day(sampled.date()),
        "sampled_time": f"{sampled:%H:%M}",
        "sampled_offset": _offset(sampled),
        "person": _rows(person),
        "test": _rows(test),
        "certification": _rows(certification),
        "qr": list(barcodes.qr(issued.hc1)) if issued.hc1 else None,
        "datamatrix": list(barcodes.datamatrix(issued.twoddoc)),
        "date": [delivered.year, delivered.month, delivered.day],
    }


def _rows(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(label, english, printable(value)) for label, english, value in rows if value]


def _day(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"


def _offset(moment: datetime) -> str:
    return f"UTC{moment:%z}"[:6] + ":" + f"{moment:%z}"[3:5]


def printable(value: str) -> str:
    """The value in characters the font has: as it is, without its accent, transliterated, or `?`."""
    composed = " ".join(unicodedata.normalize("NFC", value).split())
    drawn = "".join(character if _DRAWN.match(character) else _replace(character) for character in composed)
    shortened = drawn if len(drawn) <= _LONGEST else drawn[: _LONGEST - 1] + "…"
    return _LONG_WORD.sub("\\g<0>\u00ad", shortened)


def _replace(character: str) -> str:
    simple = "".join(part for part in unicodedata.normalize("NFKD", character) if _DRAWN.match(part))
    return simple or capitals(character) or ("" if unicodedata.combining(character) else "?")
