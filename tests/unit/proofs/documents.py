"""Each document on paper, with values as they come, and with values as nobody would wish them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pypdfium2
from tests.certificates import AT, certificate, issued

from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.documents.postal import LetterKind, PostalLetter, render_letter
from rempart.proofs.documents.sheets import (
    Declaration,
    HandoverSheet,
    HygieneSheet,
    InformationSheet,
    OrientationSheet,
    render_handover,
    render_hygiene,
    render_information,
    render_orientation,
)
from rempart.proofs.testcertificate import Sex

SAMPLED = AT - timedelta(days=1)
CODE = "8f7d2c1a-4b3e-4d5f-9a6b-0c1d2e3f4a5b"
DECLARATION = Declaration(
    application="TousAntiCovid",
    code=CODE,
    link=f"https://bonjour.tousanticovid.gouv.fr/app/code/{CODE}",
    until=date(2021, 4, 17),
)
ISSUER = "Plateforme nationale de dépistage"
WIDE = "W" * 200
HOSTILE = (
    WIDE,
    "Nom " * 60,
    '#read("/etc/passwd") $x^2$ *gras* _b_ <label> @ref // /* \\ `raw` {disease}',
    "אברהם بن محمد",
    "😀👨‍👩‍👧 \u202egnirts\u202c",
    "a\x00b\x1b[31m\r\n\t\ufeff\ud7ff",
    "e\u0301" * 90,
)


def information(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "disease": "COVID-19",
        "sampled_at": SAMPLED,
        "laboratory_name": "Laboratoire des Trois Rivières, Besançon",
        "reference": "21098BC000020",
        "declaration": DECLARATION,
        "at": AT,
    }
    return render_information(InformationSheet(**(values | changes)))


def hygiene(**changes: Any) -> bytes:
    values: dict[str, Any] = {"issuer": ISSUER, "disease": "COVID-19", "at": AT}
    return render_hygiene(HygieneSheet(**(values | changes)))


def orientation(**changes: Any) -> bytes:
    values: dict[str, Any] = {"issuer": ISSUER, "disease": "COVID-19", "portal": "sidep.gouv.fr", "at": AT}
    return render_orientation(OrientationSheet(**(values | changes)))


def handover(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "laboratory_name": "Laboratoire des Trois Rivières",
        "site_finess": "250012345",
        "birth_name": "Lefèvre-Œillet",
        "first_names": ("Zoé", "Anne-Noëlle"),
        "birth_date": date(1984, 2, 29),
        "sex": Sex.FEMALE,
        "ins": "284022505612345",
        "loinc": "94500-6",
        "analysis_label": "SARS-CoV-2 ARN, RT-PCR",
        "sampled_at": SAMPLED,
        "received_at": AT,
        "destroy_by": SAMPLED + timedelta(hours=72),
        "application": "TousAntiCovid",
        "sites": ("mesconseilscovid.sante.gouv.fr", "sante.fr/recherche/trouver/DepistageCovid"),
        "at": AT,
    }
    return render_handover(HandoverSheet(**(values | changes)))


def letter(kind: LetterKind, **changes: Any) -> bytes:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "sender": ("12 rue de la Santé", "75014 Paris"),
        "recipient": (
            "Mme Zoé Lefèvre-Œillet",
            "Appartement 12, escalier B",
            "Résidence Les Tilleuls",
            "8 bis, avenue de l’Europe",
            "BP 40123",
            "25000 Besançon Cedex",
        ),
        "disease": "COVID-19",
        "sampled_at": SAMPLED,
        "laboratory_name": "Laboratoire des Trois Rivières",
        "reference": "21098BC000020",
        "link": "https://sidep.gouv.fr/r/Xk29fjQ0a81jd",
        "declaration": DECLARATION,
        "enclosed": ("les consignes sanitaires",),
        "at": AT,
    }
    return render_letter(PostalLetter(kind=kind, **(values | changes)))


def certified(**changes: Any) -> bytes:
    return render_certificate(certificate(**changes), ISSUED)


ISSUED = issued()
DOCUMENTS: dict[str, Callable[..., bytes]] = {
    "certificate": certified,
    "information": information,
    "hygiene": hygiene,
    "orientation": orientation,
    "handover": handover,
    "ready": partial(letter, LetterKind.READY),
    "positive": partial(letter, LetterKind.POSITIVE),
}
TEXTS = {  # the values that people and laboratories write, of each document
    "certificate": ("birth_name", "analysis_label", "laboratory_name", "test_name", "issuer", "reference"),
    "information": ("issuer", "disease", "laboratory_name", "reference"),
    "hygiene": ("issuer", "disease"),
    "orientation": ("issuer", "disease", "portal"),
    "handover": (
        "issuer", "laboratory_name", "site_finess", "birth_name", "ins", "loinc", "analysis_label", "application",
    ),
    "ready": ("issuer", "laboratory_name", "reference"),
    "positive": ("issuer", "disease", "laboratory_name", "reference"),
}  # fmt: skip


def text_of(document: bytes) -> str:
    """What a document says, in reading order, with single spaces."""
    with pypdfium2.PdfDocument(document) as opened:
        pages = [page.get_textpage().get_text_bounded() for page in opened]
    return " ".join(" ".join(pages).replace("\u00ad", "").replace("\ufffe", "").split())
