"""What a 2D-DOC of a test says of what it was given, as a table."""

from datetime import UTC, date, datetime

import pytest
from tests.certificates import SEAL
from tests.spec.tables import rows

from rempart.proofs import twoddoc

TITLE = "What a 2D-DOC of a test (type B2) says"
WHY = (
    "ANTS, CAB specification 3.1.3 and 3.3.4, type B2: A–Z and space in names, `/` between first names, six at most; a value that had "
    "to be cut ends in RS, any other of variable length in GS. How a letter is spelled is ours, in the French manner."
)

CASES = """
  field | given                                        | written                                       | ends | because
  ------+----------------------------------------------+-----------------------------------------------+------+---------------------------------------------
  F1    | Lefèvre                                      | LEFEVRE                                       | GS   | accents are dropped
  F1    | d’Œillet-Ærø                                 | D OEILLET AERO                                | GS   | ligatures are opened; hyphen, apostrophe: a space
  F1    | Müller                                       | MULLER                                        | GS   | Ü is U in France (UE in the machine readable zone)
  F1    | Straße                                       | STRASSE                                       | GS   |
  F1    | Øster Ågård                                  | OSTER AGARD                                   | GS   |
  F1    | Łukasiewicz                                  | LUKASIEWICZ                                   | GS   |
  F1    | Nguyễn Thị                                   | NGUYEN THI                                    | GS   |
  F1    | Жуков                                        | ZHUKOV                                        | GS   | Cyrillic by ICAO 9303
  F1    | O'Neil, Jr.                                  | O NEIL JR                                     | GS   | spaces are not doubled, nor left at an end
  F1    | 王                                           |                                               | GS   | what has no spelling is left out
  F1    | ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL       | ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL        | GS   | 38 characters are the most
  F1    | ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM      | ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL        | RS   | and RS says that one is missing
  F0    | Zoé; Anne-Noëlle                             | ZOE/ANNE NOELLE                               | GS   | a slash between names, a space within one
  F0    | Zoé; 王; Élie                                | ZOE/ELIE                                      | GS   |
  F0    | A; B; C; D; E; F                             | A/B/C/D/E/F                                   | GS   | six names are the most
  F0    | A; B; C; D; E; F; G                          | A/B/C/D/E/F                                   | RS   |
  F0    | Maximiliana-Alexandrina; Wilhelmina-Theodora; Bernardette-Marie | MAXIMILIANA ALEXANDRINA/WILHELMINA THEODORA   | RS   | a whole name is left out before one is cut
  F0    |                                              |                                               | GS   | no first name
  F4    | 94500-6                                      | 945006                                        | GS   | LOINC without its hyphen
  F4    | 1234567                                      | 1234567                                       |      | no separator at full length
"""


def written(field: str, given: str) -> str:
    values = {"F0": "A", "F1": "B", "F4": "94500-6"} | {field: given}
    fields = twoddoc.TestFields(
        first_names=tuple(name.strip() for name in values["F0"].split(";")),
        birth_name=values["F1"],
        birth_date=date(1984, 2, 29),
        sex="F",
        loinc=values["F4"],
        result="N",
        sampled_at=datetime(2021, 4, 8, 8, 0, tzinfo=UTC),
    )
    at = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
    return twoddoc.issue(fields, SEAL.signer(), authority="RMP0", certificate_id="0001", issued_at=at)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['field']} {case['given'][:30]}")
def test_what_is_written(case: dict[str, str]) -> None:
    following = {"F0": "F1", "F1": "F2", "F4": "F5"}[case["field"]]
    end = {"GS": twoddoc.GS, "RS": twoddoc.RS, "": ""}[case["ends"]]
    text = written(case["field"], case["given"])
    assert f"{case['field']}{case['written']}{end}{following}" in text
    document = twoddoc.read(text)
    assert document.fields[case["field"]] == case["written"]
    assert (case["field"] in document.truncated) is (case["ends"] == "RS")
