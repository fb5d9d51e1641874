"""Documents on paper: they say what they must, keep what archives and screen readers ask, and stay on their page."""

import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy
import pypdfium2
import pytest
from tests.certificates import AT, certificate, issued
from tests.unit.proofs.documents import (
    CODE,
    DECLARATION,
    DOCUMENTS,
    HOSTILE,
    TEXTS,
    WIDE,
    handover,
    information,
    letter,
    text_of,
)

from rempart.proofs import barcodes
from rempart.proofs.documents.certificate import render_certificate
from rempart.proofs.documents.postal import LetterKind
from rempart.proofs.documents.sheets import Declaration, HandoverSheet
from rempart.proofs.testcertificate import Sex

MM = 72 / 25.4

SAID = {
    "information": [
        "Ce document n’est pas un compte rendu de biologie médicale.",
        "Appelez votre médecin, même sans symptômes",
        "0 800 130 000",
        "gratuits pour les personnes de votre foyer",
        "8 avril 2021 à 09:30",
        "Restez chez vous",
        "masque",
        CODE,
        "TousAntiCovid",
        "À utiliser avant le 17 avril 2021.",
        "Call your doctor, even if you have no symptoms.",
    ],
    "hygiene": ["Lavez-vous les mains", "masque", "Aérez", "0 800 130 000", "wash your hands"],
    "orientation": ["Le laboratoire où vous avez été prélevé", "sidep.gouv.fr", "pièce d’identité", "mairie"],
    "handover": [
        "Lefèvre-Œillet", "Zoé, Anne-Noëlle", "29 février 1984", "Féminin", "94500-6", "8 avril 2021 à 09:30",
        "À détruire au plus tard le 11 avril 2021 à 09:30", "FINESS 250012345", "pièce d’identité", "72 heures", "6 mois",
        "au patient lui-même", "appeler son médecin, même sans symptômes", "mesconseilscovid.sante.gouv.fr, sante.fr/recherche/trouver/",
    ],
    "ready": ["Votre résultat est prêt", "https://sidep.gouv.fr/r/Xk29fjQ0a81jd", "8 BIS AVENUE DE L EUROPE"],
    "positive": [
        "Appelez votre médecin, même sans symptômes.", "0 800 130 000", "COVID-19", CODE,
        "gratuits pour les personnes de votre foyer", "n’est pas un compte rendu de biologie médicale",
        "Avec cette lettre : les consignes sanitaires.",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_it_says_what_it_must(name: str) -> None:
    text = text_of(DOCUMENTS[name]()).replace("\u00a0", " ")
    assert [words for words in SAID[name] if words not in text] == []


def test_it_is_read_aloud_in_the_order_of_what_matters() -> None:
    text = text_of(information(has_report=True)).replace("\u00a0", " ")
    order = (
        "que faire ?",
        "n’est pas un compte rendu",
        "Vous pouvez transmettre",
        "1. Appelez",
        "2. Restez",
        "3. Protégez",
        CODE,
        "free of charge",
    )
    places = [text.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_one_tagged_page_of_forty_kilobytes(name: str) -> None:
    document = DOCUMENTS[name]()
    assert len(document) <= 40_000
    assert document == DOCUMENTS[name]()
    with pypdfium2.PdfDocument(document) as opened:
        assert len(opened) == 1
        assert opened[0].get_size() == pytest.approx((210 * MM, 297 * MM), abs=0.1)
    for declaration in (
        rb"<pdfaid:part>2</pdfaid:part>",
        rb"<pdfaid:conformance>A</pdfaid:conformance>",
        rb"<pdfuaid:part>1</pdfuaid:part>",
        rb"/Lang ?\(fr",
        rb"/StructTreeRoot",
        rb"/Marked true",
    ):
        assert re.search(declaration, document), declaration
    assert document.count(b"/S/Figure") == document.count(b"/Alt")


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_breaks_it_or_leaves_it(name: str, value: str) -> None:
    _assert_on_the_sheet(DOCUMENTS[name](**dict.fromkeys(TEXTS[name], value)), pages=2)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_one_value_however_wide_makes_no_second_page(name: str) -> None:
    for field in TEXTS[name]:
        _assert_on_the_sheet(DOCUMENTS[name](**{field: WIDE}), pages=1)


@pytest.mark.parametrize("name", ["certificate", "handover"])
def test_many_first_names_stay_on_it(name: str) -> None:
    _assert_on_the_sheet(DOCUMENTS[name](first_names=HOSTILE), pages=1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_in_english_says_so(name: str) -> None:
    marked = re.search(rb"/Lang ?\(en\)", _opened(DOCUMENTS[name]())) is not None
    assert marked is (name != "handover")  # for French laboratories


def test_values_are_never_read_as_typst() -> None:
    text = text_of(information(laboratory_name='#read("/etc/passwd") *x* #panic()'))
    assert '#read("/etc/passwd") *x* #panic()' in text


def test_a_mark_in_a_value_marks_nothing() -> None:
    assert text_of(information(disease="*A* {issuer}")).count("*A* {issuer}") == 2


@pytest.mark.parametrize("dpi", [100, 150])
def test_codes_are_read_from_the_page(dpi: int) -> None:
    made = issued()
    assert _read(render_certificate(certificate(), made), dpi) == {made.hc1, made.twoddoc}
    assert _read(information(), dpi) == {DECLARATION.link}
    assert _read(letter(LetterKind.POSITIVE), dpi) == {
        DECLARATION.link,
        "https://sidep.gouv.fr/r/Xk29fjQ0a81jd",
    }


def test_without_a_code_no_application_is_named() -> None:
    text = text_of(information(declaration=None))
    assert "application" not in text
    assert barcodes.read_pdf(information(declaration=None)) == []


def test_where_the_report_is() -> None:
    assert "se télécharge au même endroit" in text_of(information(has_report=True))
    assert "Votre laboratoire vous remettra ce compte rendu" in text_of(information(has_report=False))


@pytest.mark.parametrize("code", ["", "a" * 41, "a b", "é", "<script>"])
def test_a_declaration_code_is_letters_digits_hyphens(code: str) -> None:
    with pytest.raises(ValueError, match="code"):
        replace(DECLARATION, code=code)


@pytest.mark.parametrize(
    "link", ["", "javascript:alert(1)", "https://a b", "https://é.fr", "https://" + "a" * 300]
)
def test_a_link_is_an_address(link: str) -> None:
    with pytest.raises(ValueError, match="link"):
        Declaration(application="A", code="b", link=link)
    if link:
        with pytest.raises(ValueError, match="link"):
            letter(LetterKind.READY, link=link)


def test_what_goes_with_a_letter_need_not_be_fetched() -> None:
    for kind in LetterKind:
        alone = text_of(letter(kind, enclosed=()))
        together = text_of(letter(kind, enclosed=("le certificat de votre test",)))
        assert "le certificat de votre test" not in alone
        assert "Vous recevez avec" in together
        assert "pièce d’identité" in alone
        assert "pièce d’identité" not in together


def test_a_result_ready_says_nothing_of_it() -> None:
    text = text_of(letter(LetterKind.READY, disease="La maladie"))
    assert "maladie" not in text.lower()
    assert "positi" not in text.lower()
    assert CODE not in text


def test_the_handover_sheet_has_the_longest_analysis_whole() -> None:
    longest = "Détection antigénique du SARS-CoV-2, voies respiratoires hautes, test rapide"
    assert f"94558-4 {longest}" in " ".join(
        text_of(handover(loinc="94558-4", analysis_label=longest)).split()
    )


def test_the_handover_sheet_does_not_say_the_result_and_leaves_out_what_is_not_known() -> None:
    text = text_of(handover(birth_date=None, ins="", application="", received_at=None))
    assert [word for word in ("Date de naissance", "INS", "l’application", "Reçu par") if word in text] == []


@pytest.mark.parametrize("kind", LetterKind)
@pytest.mark.parametrize("value", ["", *HOSTILE])
def test_the_window_shows_the_address_and_nothing_else(kind: LetterKind, value: str) -> None:
    """Whatever way the letter slides in its envelope (documents/postal.py has the measures)."""
    recipient = (value, value, value, value, value, "25000 BESANCON") if value else ("25000 BESANCON",)
    document = letter(kind, recipient=recipient, issuer=value or "A", sender=(value,) * 6)
    with pypdfium2.PdfDocument(document) as opened:
        page = numpy.asarray(opened[0].render(scale=5 / MM, grayscale=True).to_pil())  # 5 points per mm
    ink = numpy.argwhere(page[34 * 5 : 90 * 5, 90 * 5 : 200 * 5] < 250) / 5 + (
        34,
        90,
    )  # mm from top, from left
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    assert left >= 100
    assert right <= 190
    assert top >= 55
    assert bottom <= 79


def test_days_are_those_of_the_place_of_sampling() -> None:
    evening = datetime(2021, 4, 8, 2, 30, tzinfo=UTC)
    assert "7 avril 2021 à 22:30" in text_of(information(sampled_at=evening, zone="America/Martinique"))


def test_what_is_printed_of_a_person_is_in_no_log() -> None:
    sheet = HandoverSheet(
        issuer="A", laboratory_name="B", site_finess="C", birth_name="Lefèvre", first_names=("Zoé",),
        birth_date=date(1984, 2, 29), sex=Sex.FEMALE, ins="284022505612345", analysis_label="D", sampled_at=AT,
        destroy_by=AT, at=AT,
    )  # fmt: skip
    assert [said for said in ("Lefèvre", "Zoé", "1984", "284022505612345") if said in repr(sheet)] == []
    assert CODE not in repr(DECLARATION)


def _opened(document: bytes) -> bytes:
    """A PDF with what its compressed streams say. The last byte of a checksum may be a carriage return, which is taken for
    the line's end: it is not asked for."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    return document + b"".join(
        zlib.decompressobj().decompress(each) for each in streams if each.startswith(b"\x78")
    )


def _read(document: bytes, dpi: int) -> set[str]:
    with pypdfium2.PdfDocument(document) as opened:
        return set(barcodes.read_image(opened[0].render(scale=dpi / 72, grayscale=True).to_pil()))


def _assert_on_the_sheet(document: bytes, *, pages: int) -> None:
    """At most so many pages of at most 40 kB, and nothing within 4 mm of their right edge."""
    assert len(document) <= 40_000
    with pypdfium2.PdfDocument(document) as opened:
        assert len(opened) <= pages
        for page in opened:
            pixels = numpy.asarray(page.render(scale=1 / MM, grayscale=True).to_pil())
            assert pixels[:, -4:].min() == 255
