"""What a professional who signs in by card is here, as a table."""

import pytest
from tests.spec.tables import rows

from rempart.foundation.access.openid.professional import professional_of
from rempart.foundation.access.professionals.rules import position_of
from rempart.foundation.identifiers import finess

TITLE = "What a professional is here"
WHY = (
    "Decision 021. Pro Santé Connect says a professional's practices: profession, category, skill (savoir-faire), and "
    "where he works. Each place is written `sector section FINESS`; the FINESS numbers `LABO` and `LABO2` are laboratories "
    "of our directory, `OFFICINE` and `HOPITAL` are not, `-` is none. The first row of access/data/professions.toml that "
    "fits decides. `before` is the place of his last visit."
)

CASES = """
  practice        | works at                         | before | is         | at       | because
  ----------------+----------------------------------+--------+------------+----------+------------------------------------------
  10 C            | SA07 - -                         |        | doctor     | -        | a practice has no FINESS number
  10 C SM26       | SA01 - HOPITAL                   |        | doctor     | HOPITAL  |
  21 C            | SA33 A OFFICINE                  |        | pharmacist | OFFICINE |
  21 C            | SA33 D OFFICINE                  |        | pharmacist | OFFICINE | a deputy, as the owner
  21 C            | -                                |        | pharmacist | -        | works nowhere at present
  21 C            | SA25 G LABO                      |        | biologist  | LABO     | section G of the table: biologists
  21 C            | SA25 G HOPITAL                   |        | biologist  | HOPITAL  | a laboratory that we do not know yet
  10 C SM03       | SA25 - LABO                      |        | biologist  | LABO     | medical biology is his skill
  10 C SM03       | SA07 - -                         |        | biologist  | -        | wherever he works
  10 C            | SA25 - LABO                      |        | biologist  | LABO     | he works at a laboratory of ours
  21 C            | SA33 A OFFICINE ; SA25 - LABO    |        | biologist  | LABO     | one of two places is a laboratory
  21 C            | SA33 A OFFICINE ; SA25 G LABO    |        | biologist  | LABO     |
  10 C SM03       | SA25 - LABO ; SA25 - LABO2       | LABO2  | biologist  | LABO2    | where he was last time
  10 C SM03       | SA25 - LABO ; SA25 - LABO2       | HOPITAL | biologist | LABO     | he no longer works there
  10 C SM03       | SA01 - HOPITAL ; SA25 - LABO     |        | biologist  | LABO     | a laboratory before a hospital
  10 M            | SA01 - HOPITAL                   |        | doctor     | HOPITAL  | a military doctor
  10 E            | SA01 - HOPITAL                   |        | -          | -        | a student
  60 C            | SA07 - -                         |        | nurse      | -        |
  60 C            | SA33 - OFFICINE                  |        | nurse      | OFFICINE |
  60 C            | SA25 - LABO                      |        | nurse      | LABO     | a nurse of a laboratory is no biologist
  40 C            | SA07 - -                         |        | -          | -        | a dentist has no right here yet
  80 C            | SA25 - LABO                      |        | -          | -        | nor a podiatrist, wherever he works
  - C             | SA25 - LABO                      |        | -          | -        | the profession is missing
"""

NUMBERS = {
    name: body + finess.key_of(body)
    for name, body in {
        "LABO": "59992001",
        "LABO2": "59992002",
        "OFFICINE": "75000001",
        "HOPITAL": "69000001",
    }.items()
}


def claims(practice: str, places: str) -> dict[str, object]:
    profession, category, *skill = practice.split()
    activities = [
        dict(
            zip(
                ("codeSecteurDactivite", "codeSectionPharmacien", "numeroFinessSite"),
                (sector, section.strip("-"), NUMBERS.get(number, "")),
                strict=True,
            )
        )
        for sector, section, number in (place.split() for place in places.split(";") if place.strip() != "-")
    ]
    exercise = {
        "codeProfession": profession.strip("-"),
        "codeCategorieProfessionnelle": category,
        "codeSavoirFaire": "".join(skill),
        "activities": activities,
    }
    return {"SubjectRefPro": {"exercices": [exercise]}}


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['practice']} {case['works at']}")
def test_professions(case: dict[str, str]) -> None:
    position = position_of(
        professional_of(claims(case["practice"], case["works at"])),
        laboratories={NUMBERS["LABO"], NUMBERS["LABO2"]},
        before=NUMBERS.get(case["before"], ""),
    )
    assert (position.role.value if position else "-") == case["is"]
    assert (position.establishment if position else "") == NUMBERS.get(case["at"], "")
