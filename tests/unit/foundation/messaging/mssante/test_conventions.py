"""Subjects, names of documents, and header fields, as the trust space writes them."""

from datetime import date

import pytest

from rempart.foundation.messaging.mssante.conventions import (
    document_name,
    of_documents,
    subject,
)

BORN = date(1980, 2, 1)


def test_a_subject_says_what_and_whose():
    found = subject("Résultat de biologie", family_name="Lefèvre", first_name="Zoé  Anne", born=BORN)
    assert found == "XDM/1.0/DDM+Résultat de biologie LEFÈVRE Zoé Anne 01/02/1980"
    assert (
        subject("Résultat\r\nBcc: x", family_name="A", first_name="", born=None)
        == "XDM/1.0/DDM+Résultat Bcc: x A"
    )


def test_the_name_of_a_document_has_five_parts_and_nothing_a_file_cannot_have():
    def name(**said: str) -> str:
        parts = {
            "kind": "CR-BIO",
            "family_name": "Lefèvre",
            "first_name": "Zoé",
            "number": "21048BC000020",
            **said,
        }
        return document_name(acted_on=date(2021, 4, 8), **parts)  # type: ignore[arg-type]

    assert name() == "20210408_CR-BIO_LEFEVRE_Zoe_21048BC000020.pdf"
    assert (
        name(family_name="O’Brien_d'Œuvre", first_name="Anne-Noëlle")
        == "20210408_CR-BIO_O-BRIEN-D-OEUVRE_Anne-Noelle_21048BC000020.pdf"
    )
    assert name(family_name="../../etc/passwd", number='a"\r\n/b') == "20210408_CR-BIO_ETC-PASSWD_Zoe_a-b.pdf"
    assert name(first_name="李", number="") == "20210408_CR-BIO_LEFEVRE.pdf"
    assert len(name(family_name="x" * 500)) < 120


def test_fields_for_documents():
    assert of_documents(["11502-2", "11502-2", "BIO-TROD"], qualified=True) == {
        "X-MSS-CODECDA": "11502-2,BIO-TROD",
        "X-MSS-INS": "O",
    }
    assert of_documents(["11502-2"], qualified=False)["X-MSS-INS"] == "N"
    for codes in ([], ["a\r\nb"], [""]):
        with pytest.raises(ValueError, match="type codes"):
            of_documents(codes, qualified=True)
