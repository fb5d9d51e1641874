"""Bar codes and the printed certificate: what is written is read back, and keeps what archives ask."""

import io
import re
from datetime import UTC, datetime

import numpy
import pypdfium2
import pytest
from PIL import Image
from tests.certificates import AT, TRUST, certificate, issued

from rempart.proofs import barcodes, testcertificate
from rempart.proofs.documents import certificate as paper
from rempart.proofs.documents import printing
from rempart.proofs.typesetting import RenderError
from rempart.proofs.verdict import verify


def render(**changes: object) -> tuple[bytes, testcertificate.Issued]:
    made = issued(**changes)
    return paper.render_certificate(certificate(**changes), made), made


def text_of(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as opened:
        assert len(opened) == 1
        page = opened[0]
        assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)  # A4
        return " ".join(page.get_textpage().get_text_bounded().split())


def test_codes_are_read_back_to_the_byte() -> None:
    made = issued()
    assert barcodes.read_png(barcodes.qr(made.hc1, scale=3)) == [made.hc1]
    assert barcodes.read_png(barcodes.datamatrix(made.twoddoc, scale=3)) == [made.twoddoc]


def test_the_datamatrix_is_square() -> None:
    with Image.open(io.BytesIO(barcodes.datamatrix(issued().twoddoc))) as picture:
        assert picture.width == picture.height


def test_a_code_on_a_transparent_page_is_read() -> None:
    with Image.open(io.BytesIO(barcodes.qr("HC1:ABC", scale=4))) as picture:
        dark = numpy.asarray(picture.convert("L")) < 128
    pixels = numpy.zeros((*dark.shape, 4), dtype=numpy.uint8)
    pixels[dark, 3] = 255
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    assert barcodes.read_png(file.getvalue()) == ["HC1:ABC"]


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", barcodes.qr("HC1:ABC")[:40], b"\x89PNG\r\n\x1a\n" + bytes(50)]
)
def test_what_is_no_picture_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="PNG"):
        barcodes.read_png(data)


def test_a_picture_too_large_is_not_opened() -> None:
    file = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(file, "PNG")
    assert len(file.getvalue()) < 20_000
    with pytest.raises(ValueError, match="larger"):
        barcodes.read_png(file.getvalue())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["Négatif", "Not detected", "Lefèvre-Œillet", "Zoé, Anne-Noëlle", "29 février 1984", "Féminin"]),
        ({}, ["8 avril 2021 à 08:00", "UTC+02:00", "9 avril 2021 à 09:30", "94500-6", "21098BC000020"]),
        ({}, ["1984-02-29", "Female", "2021-04-08 08:00 UTC+02:00", "Nucleic acid amplification"]),
        ({"zone": "America/Martinique"}, ["8 avril 2021 à 02:00", "UTC-04:00"]),
        ({"sampled_at": datetime(2021, 4, 1, 8, tzinfo=UTC)}, ["1er avril 2021 à 10:00"]),
        ({"result": testcertificate.Result.POSITIVE}, ["Positif", "Detected", "Certificat COVID numérique"]),
        ({"result": testcertificate.Result.UNINTERPRETABLE}, ["Ininterprétable", "Inconclusive"]),
        ({"result": testcertificate.Result.NON_CONFORM}, ["Prélèvement non conforme", "Unsuitable sample"]),
    ],
)
def test_the_page_says_who_what_when(changes: dict[str, object], words: list[str]) -> None:
    document, _ = render(**changes)
    text = text_of(document)
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("result", list(testcertificate.Result))
def test_the_codes_on_the_page_are_read_and_hold(result: testcertificate.Result) -> None:
    document, made = render(result=result)
    assert sorted(barcodes.read_pdf(document)) == sorted(text for text in (made.hc1, made.twoddoc) if text)
    assert all(verify(text, trust=TRUST, at=AT).valid for text in barcodes.read_pdf(document))


def test_the_same_certificate_gives_the_same_bytes() -> None:
    made = issued()
    assert paper.render_certificate(certificate(), made) == paper.render_certificate(certificate(), made)


def test_it_declares_pdf_a_and_pdf_ua() -> None:
    document, _ = render()
    for declaration in (
        rb"<pdfaid:part>2</pdfaid:part>",
        rb"<pdfaid:conformance>A</pdfaid:conformance>",
        rb"<pdfuaid:part>1</pdfuaid:part>",
        rb"/Lang ?\(fr",
        rb"/StructTreeRoot",
        rb"/Marked true",
    ):
        assert re.search(declaration, document), declaration
    assert document.count(b"/S/Figure") == document.count(b"/Alt") == 2


EXTREMES = {
    "birth_name": "W" * 80 + " X",
    "first_names": tuple("Ww" * 20 for _ in range(6)),
    "laboratory_name": "Laboratoire " * 40,
    "analysis_label": "Analyse " * 40,
    "test_name": "Kit " * 40,
    "disease_label": "Maladie " * 20,
    "issuer": "MINISTÈRE DES SOLIDARITÉS ET DE LA SANTÉ " * 4,
    "reference": "R" * 100,
}


@pytest.mark.parametrize(
    "changes", [{}, EXTREMES, {"result": testcertificate.Result.NON_CONFORM, **EXTREMES}]
)
def test_it_stays_one_page_of_forty_kilobytes(changes: dict[str, object]) -> None:
    document, made = render(**changes)
    assert len(document) <= 40_000
    assert text_of(document)
    assert made.twoddoc in barcodes.read_pdf(document)


def test_a_letter_missing_from_the_font_would_not_pass_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "printable", lambda value: value)
    with pytest.raises(RenderError) as error:
        render(birth_name="Ткаченко")
    assert "does not compile" in str(error.value)
    assert "Ткаченко" not in str(error.value)  # an error may be logged, a name may not
    assert error.value.__suppress_context__


def test_every_letter_it_does_not_replace_is_in_the_font() -> None:
    drawn = [chr(code) for code in range(0x20, 0x2100) if printing._DRAWN.match(chr(code))]
    assert len(drawn) > 400
    for start in range(0, len(drawn), 60):
        render(
            birth_name=" ".join(drawn[start : start + 40]),
            laboratory_name=" ".join(drawn[start + 40 : start + 60]),
        )


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Ткаченко", "TKACHENKO"),
        ("Ďurič ẞß", "Ďurič SSß"),
        ("a\u202fb\x00\x1b[31m", "a b??[31m"),
        ("Zoe\u0301", "Zoé"),
        ("王", "?"),
        ("ﬀ", "ff"),
        ("x" * 81, "x" * 30 + "\u00ad" + "x" * 30 + "\u00ad" + "x" * 19 + "…"),
    ],
)
def test_what_the_font_lacks_is_transliterated(name: str, printed: str) -> None:
    assert printing.printable(name) == printed


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\nnot really", b"\x89PNG"])
def test_what_is_no_pdf_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="PDF"):
        barcodes.read_pdf(data)
