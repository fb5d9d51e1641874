"""Subjects, names of documents, header fields and patients' addresses, as the trust space writes them."""

from datetime import date

import pytest

from rempart.foundation.identifiers import ins
from rempart.foundation.messaging.mssante.conventions import (
    document_name,
    of_documents,
    patient_address,
    shown,
    subject,
)

BORN = date(1980, 2, 1)
NIR = "1.2.250.1.213.1.4.8"


def test_a_subject_says_what_and_whose():
    found = subject("Résultat de biologie", family_name="Lefèvre", first_names="Zoé  Anne", born=BORN)
    assert found == "XDM/1.0/DDM+Résultat de biologie LEFÈVRE Zoé Anne 01/02/1980"
    assert shown(found) == "Résultat de biologie LEFÈVRE Zoé Anne 01/02/1980"
    assert (
        subject("Résultat\r\nBcc: x", family_name="A", first_names="", born=None)
        == "XDM/1.0/DDM+Résultat Bcc: x A"
    )
    assert shown("Bonjour") == "Bonjour"


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


@pytest.mark.parametrize(
    ("number", "oid", "qualified", "address"),
    [
        ("180022A12345602", NIR, True, ""),  # a wrong key
        ("2840375120123", NIR, True, "yes"),
        ("2840375120123", NIR, False, ""),  # not qualified
        ("2840375120123", "", True, ""),  # nobody says who assigned it
        ("2840375120123", "1.2.250.1.213.1.4.10", True, ""),  # of a test
        ("2840375120123", "1.2.250.1.213.1.4.9", True, ""),  # a NIR under the authority of waiting numbers
        ("", NIR, True, ""),
    ],
)
def test_a_patient_has_an_address_by_a_qualified_ins_only(
    number: str, oid: str, qualified: bool, address: str
):
    found = ins.parse(number, oid=oid)
    expected = f"{found.matricule.number}@patient.mssante.fr" if address else ""
    assert patient_address(found, qualified=qualified) == expected
    assert not expected or len(expected) == 15 + len("@patient.mssante.fr")
