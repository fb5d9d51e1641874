"""UVCI checksums and the alphabets of names."""

import pytest

from rempart.proofs import uvci
from rempart.proofs.transliteration import capitals, mrz


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jean-Noël D'Œuf", "JEAN<NOEL<DOEUF"),
        ("Müller", "MUELLER"),
        ("Gößinger", "GOESSINGER"),
        ("Ångström Øre", "AANGSTROEM<OERE"),
        ("d’Artagnan, Ségolène", "DARTAGNAN<SEGOLENE"),
        ("Nguyễn Thị", "NGUYEN<THI"),
        ("Ткаченко Мар'яна", "TKACHENKO<MARIANA"),
        ("E\u0301lie", "ELIE"),  # accent as a separate character
        ("  ", ""),
        ("王", ""),
        ("A" * 79 + " B", "A" * 79),  # cut at 80, never ending in a filler
    ],
)
def test_mrz_follows_icao_9303(name: str, expected: str) -> None:
    assert mrz(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jean-Noël D'Œuf", "JEAN NOEL D OEUF"),
        ("Müller", "MULLER"),
        ("Lætitia 2e", "LAETITIA E"),
        ("Ægir Ørsted ß", "AEGIR ORSTED SS"),
    ],
)
def test_capitals_are_those_of_2d_doc(name: str, expected: str) -> None:
    assert capitals(name) == expected


def test_a_uvci_is_stable_and_checks() -> None:
    made = uvci.derive(b"token")
    assert made == uvci.derive(b"token") != uvci.derive(b"another")
    assert made.startswith("URN:UVCI:01:FR:")
    assert len(made) == len("URN:UVCI:01:FR:") + 12 + 2
    assert uvci.is_consistent(made)


def test_a_changed_character_breaks_the_checksum() -> None:
    body, check = uvci.derive(b"token").split("#")
    for position in range(len("URN:UVCI:01:FR:"), len(body)):
        changed = body[:position] + ("A" if body[position] != "A" else "B") + body[position + 1 :]
        assert not uvci.is_consistent(f"{changed}#{check}")


def test_without_a_checksum_there_is_nothing_to_contradict() -> None:
    assert uvci.is_consistent("URN:UVCI:01:FR:ABC")
    assert not uvci.is_consistent("urn:uvci:01:fr:abc#D")  # lower case is outside the alphabet


def test_a_checksum_is_not_computed_on_other_characters() -> None:
    with pytest.raises(ValueError, match="é"):
        uvci.checksum("URN:é")
