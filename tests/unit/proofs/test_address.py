"""Postal addresses: what a sorting machine reads, and what the person at the door reads."""

import pytest
from tests.unit.proofs.documents import HOSTILE

from rempart.proofs.documents.address import LONGEST_LINE, MOST_LINES, address_lines


@pytest.mark.parametrize(
    ("lines", "shaped"),
    [
        ((), ()),
        (("Mme Zoé Lefèvre",), ("Mme Zoé Lefèvre",)),
        (
            ("Mme Zoé Lefèvre-Œillet", "8 bis, avenue de l’Europe", " ", "F-25000 Besançon Cedex 9"),
            ("Mme Zoé Lefèvre-Œillet", "8 BIS AVENUE DE L EUROPE", "F 25000 BESANCON CEDEX 9"),
        ),
        (
            ("M. Ali Ben Salah", "Appt. 12, esc. B", "Bât. C", "3, rue du Bœuf", "B.P. 12", "97100 Basse-Terre"),
            ("M. Ali Ben Salah", "Appt. 12, esc. B", "Bât. C", "3 RUE DU BOEUF", "B P 12", "97100 BASSE TERRE"),
        ),
        (  # too many lines: the town stays
            ("1", "2", "3", "4", "5", "6", "7", "75001 Paris"),
            ("1", "2", "3", "4", "5", "75001 PARIS"),
        ),
        (  # too long: usual short forms first
            ("A", "123 ter boulevard du Général de Gaulle prolongé", "13210 Saint-Rémy-de-Provence"),
            ("A", "123 TER BD DU GAL DE GAULLE PROLONGE", "13210 SAINT REMY DE PROVENCE"),
        ),
        (
            ("A", "Résidence du Parc", "12 place du Commandant de l’Herminier bis", "29200 Brest"),
            ("A", "RESIDENCE DU PARC", "12 PLACE DU CDT DE L HERMINIER BIS", "29200 BREST"),
        ),
    ],
)  # fmt: skip
def test_lines_are_as_the_post_reads_them(lines: tuple[str, ...], shaped: tuple[str, ...]) -> None:
    assert address_lines(lines) == shaped


@pytest.mark.parametrize("value", HOSTILE)
def test_no_line_is_longer_than_the_window(value: str) -> None:
    lines = address_lines((value,) * 9)
    assert len(lines) <= MOST_LINES
    assert all(len(line) <= LONGEST_LINE and line.isprintable() for line in lines)
