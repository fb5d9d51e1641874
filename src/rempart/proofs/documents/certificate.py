"""The certificate on paper: one A4 page with the two codes, in French and English."""

from __future__ import annotations

from datetime import date

from rempart.proofs import barcodes
from rempart.proofs.documents import printing
from rempart.proofs.documents.printing import printable
from rempart.proofs.documents.templates import template
from rempart.proofs.testcertificate import Analysis, Issued, Result, Sex, TestCertificate
from rempart.proofs.typesetting import typeset

_RESULTS = {
    Result.POSITIVE: ("positive", "Positif", "Detected"),
    Result.NEGATIVE: ("negative", "Négatif", "Not detected"),
    Result.UNINTERPRETABLE: ("neither", "Ininterprétable", "Inconclusive"),
    Result.NON_CONFORM: ("neither", "Prélèvement non conforme", "Unsuitable sample"),
}
_ANALYSES = {
    Analysis.NAAT: ("Amplification génique (NAAT)", "Nucleic acid amplification"),
    Analysis.ANTIGEN: ("Détection d’antigène (RAT)", "Rapid antigen test"),
    Analysis.OTHER: ("Autre analyse", "Other"),
}
Row = tuple[str, str, str, str]
"""A label, a value, and both in English, where there is something to say."""

_LONGEST_REFERENCE = 40  # characters
SEXES = {
    Sex.FEMALE: ("Féminin (F)", "Female"),
    Sex.MALE: ("Masculin (M)", "Male"),
    Sex.UNKNOWN: ("Non précisé (X)", "Not specified"),
}
"""In French and English."""


def render_certificate(certificate: TestCertificate, issued: Issued) -> bytes:
    """The PDF of an issued certificate, at most 40 kB; the same bytes for the same values.

    Letters that the font lacks are transliterated, values longer than 80 characters are cut with an
    ellipsis (the signed codes hold what their formats allow). Raises RenderError.
    """
    return typeset(template("certificate.typ"), _page(certificate, issued), at=issued.at)


def _page(certificate: TestCertificate, issued: Issued) -> dict[str, object]:
    """What the template prints, ready to be printed."""
    tone, result, result_en = _RESULTS[certificate.result]
    sampled = certificate.sampled_locally
    delivered = issued.at.astimezone(printing.ISSUED_ZONE)
    person = [
        ("Nom de naissance", "Birth name", certificate.birth_name, ""),
        ("Prénom(s)", "Given name(s)", ", ".join(certificate.first_names), ""),
        ("Date de naissance", "Date of birth", *_day(certificate.birth_date)),
        ("Sexe", "Sex", *SEXES[certificate.sex]),
    ]
    test = [
        ("Maladie recherchée", "Disease", certificate.disease_label, ""),
        ("Analyse", "Analysis", certificate.analysis_label, ""),
        ("Type de test", "Test type", *_ANALYSES[certificate.analysis]),
        ("Code LOINC", "LOINC code", certificate.loinc, ""),
        ("Nom commercial du test", "Test name", certificate.test_name, ""),
        ("Dispositif (base JRC)", "Device (JRC)", certificate.device, ""),
        ("Laboratoire", "Laboratory", certificate.laboratory_name, ""),
    ]
    certification = [
        ("Identifiant (UVCI)", "Identifier", certificate.uvci if issued.hc1 else "", ""),
        ("Référence", "Reference", certificate.reference[:_LONGEST_REFERENCE], ""),
        ("Délivré le", "Issued on", printing.day_and_time(delivered), f"{delivered:%Y-%m-%d %H:%M}"),
    ]
    return {
        "issuer": printable(certificate.issuer),
        "disease": printable(certificate.disease_label),
        "tone": tone,
        "result": result,
        "result_en": result_en,
        "sampled_day": printing.day(sampled.date()),
        "sampled_time": f"{sampled:%H:%M}",
        "sampled_en": f"{sampled:%Y-%m-%d %H:%M} {printing.offset(sampled)}",
        "person": _rows(person),
        "test": _rows(test),
        "certification": _rows(certification),
        "qr": list(barcodes.qr(issued.hc1)) if issued.hc1 else None,
        "datamatrix": list(barcodes.datamatrix(issued.twoddoc)),
        "date": printing.parts(delivered),
    }


def _rows(rows: list[Row]) -> list[Row]:
    return [(label, english, printable(value), value_en) for label, english, value, value_en in rows if value]


def _day(moment: date) -> tuple[str, str]:
    return printing.day(moment), moment.isoformat()
