"""A letter that is text alone: who, where, and what, whatever the text holds."""

from datetime import UTC, datetime

import pypdfium2

from rempart.proofs.documents.plain import render_plain

AT = datetime(2021, 4, 9, 7, 0, tzinfo=UTC)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def letter(text: str, *, subject: str = "Votre code Rempart") -> bytes:
    return render_plain(
        issuer="Rempart",
        sender=("Rempart", "75007 Paris"),
        recipient=("LBM du Tilleul", "1, rue des Tilleuls", "75007 Paris"),
        subject=subject,
        text=text,
        at=AT,
    )


def test_who_where_when_and_what():
    said = text_of(letter("Bonjour.\n\nVotre code : 1234-5678\nÀ bientôt"))
    for part in (
        "LBM du Tilleul",
        "1 RUE DES TILLEULS",
        "75007 PARIS",
        "Le 9 avril 2021",
        "Votre code : 1234-5678",
    ):
        assert part in said
    assert letter("a") == letter("a")


def test_a_text_is_never_read_as_a_template():
    said = text_of(letter("#let x = 1\n\n*fort* $x$ @nobody <b> \\ 漢字"))
    assert "#let x = 1" in said
    assert "*fort* $x$ @nobody <b>" in said


def test_a_long_text_takes_the_pages_that_it_needs():
    document = pypdfium2.PdfDocument(letter("\n\n".join(["Une phrase d’une lettre. " * 20] * 20), subject=""))
    try:
        assert len(document) > 1
    finally:
        document.close()
