import pytest

from rempart.screening.formats import encodings

FRENCH = "Hélène Noël — dépistage à Besançon, l’œdème de Zoé : 37,2 °C, première fièvre, août"


@pytest.mark.parametrize("codec", ["utf-8", "cp1252"])
def test_french_text_is_read_in_its_own_encoding(codec: str) -> None:
    read = encodings.read(FRENCH.encode(codec))
    assert (read.text, read.codec) == (FRENCH, codec)


@pytest.mark.parametrize("codec", ["cp850", "mac_roman", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "Détecté",
        "HÉMOGLOBINE ÉLEVÉE",
        "Médecin traitant : Éric Lefèvre",
        "BEZIERS, 3 bis allée des Cèdres",
        "août à Noël",
    ],
)
def test_old_code_pages_are_told_by_the_letters_inside_words(codec: str, text: str) -> None:
    assert encodings.read(text.encode(codec)).text == text


def test_latin_1_without_the_letters_of_windows_is_read_the_same() -> None:
    assert encodings.read("Ciprofloxacin 2.0 µg/mL".encode("iso8859-1")).text == "Ciprofloxacin 2.0 µg/mL"


def test_what_is_announced_is_believed_when_it_can_be_true() -> None:
    assert encodings.read("10 €".encode("iso8859-15"), announced="iso8859-15").text == "10 €"


def test_utf_8_is_utf_8_whatever_is_announced() -> None:
    read = encodings.read("Hélène".encode(), announced="iso8859-1")
    assert (read.text, read.codec) == ("Hélène", "utf-8")


def test_unreadable_bytes_become_the_replacement_sign() -> None:
    assert "�" in encodings.read(b"\x81\x8d\x8f\x90\x9d").text or encodings.guess(b"\x81") != "cp1252"


@pytest.mark.parametrize(
    ("name", "codec"), [("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15"), ("", ""), ("KLINGON", None)]
)
def test_character_sets_of_msh_18(name: str, codec: str | None) -> None:
    assert encodings.declared(name) == codec


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(codec: str) -> None:
    assert encodings.mark("é".encode(codec))[0]
