"""C40 against the worked examples of the specification (sections 3.3.4 and 10.3.2), and bytes of no meaning."""

import pytest

from rempart.proofs.twoddoc import c40


def test_the_examples_of_the_specification() -> None:
    assert c40.encode("2D-DOC") == bytes.fromhex("282A4DC5FE44")  # in a DataMatrix after E6
    assert c40.decode(bytes.fromhex("282A4DC5FE44")) == "2D-DOC"
    assert c40.encode("FRA") == bytes.fromhex("7BA7")
    assert c40.decode(bytes.fromhex("7BA7")) == "FRA"


@pytest.mark.parametrize(
    "text",
    ["", "A", "AB", "ABCD", "a", "AAa", "Aa", "é", "Aé", "AAé", "ÿ", "A\x1dB\x1e\x1f", "\x00", "A!", "AA!"],
)
def test_what_is_written_is_read(text: str) -> None:
    assert c40.decode(c40.encode(text)) == text


def test_a_character_beyond_the_alphabet_is_refused() -> None:
    with pytest.raises(ValueError, match="ISO-8859-1"):
        c40.encode("œ")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("7B", "within a pair"),
        ("0000", "no pair"),
        ("FFFF", "no pair"),
        ("FE00", "not ASCII"),
        ("FEFF", "not ASCII"),
        ("0C59", "its set"),  # the values 1, 39, 0: the second set ends at 26
    ],
)
def test_bytes_of_no_meaning_are_refused(data: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        c40.decode(bytes.fromhex(data))
