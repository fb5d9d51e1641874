"""How sure it is that two records are of one person, as a table: the same two records written in different ways."""

import pytest
from tests.spec.tables import rows

from rempart.foundation.people.matching import Record, assess, default_weights

TITLE = "Are two records of one person"
WHY = (
    "Decision 031. The first record is always `LEFÈVRE, Zoé, born on 12/03/1984, woman, born in 75056, lives in 69003`; each line "
    "is what another record says otherwise (`-`: it does not say). `certain`: a file marks the two as one person. "
    "`possible`: somebody should look. `no`: nothing is said. The more records there are, the more strangers agree by "
    "chance: the same pair is graded in a file of 10,000 records and among 60 million. Weights that come with Rempart."
)

CASES = """
  the other record says                                             | of 10,000 | of 60 million | because
  ------------------------------------------------------------------+-----------+---------------+------------------------------------------------
                                                                    | certain   | certain       | all agree
  birth_name=lefevre; first_names=ZOE                               | certain   | certain       | capitals and accents do not count
  birth_name=Lefébvre                                               | certain   | certain       | one letter off, and heard alike
  first_names=Zoé Anne Marie                                        | certain   | certain       | the other record has all her first names
  birth_name=Zoé; first_names=Lefèvre                               | certain   | certain       | the two names were exchanged
  birth_date=03/12/1984                                             | certain   | certain       | day and month were exchanged
  birth_date=12/03/1985                                             | certain   | certain       | one digit off
  birth_date=1984                                                   | certain   | certain       | only the year is known, all else agrees
  sex=-; birth_place=-                                              | certain   | certain       | name, first name, date and home are enough
  birth_place=-; postcode=-                                         | certain   | certain       | so are name, first name, date and sex
  birth_name=Martin; used_name=Lefèvre                              | certain   | certain       | the used name of one is the birth name of the other
  birth_name=Martin; postcode=-                                     | certain   | possible      | another family name: married, perhaps
  birth_name=Martin; birth_place=-; postcode=-                      | possible  | no            | a first name and a birth date are many people's
  first_names=Léa                                                   | possible  | possible      | a twin sister agrees on all but this
  first_names=Léo; sex=M                                            | possible  | possible      | a twin brother, or two errors in one record
  birth_date=25/11/1971                                             | possible  | possible      | a homonym of the same household, or an error
  birth_date=25/11/1971; postcode=33000; birth_place=13055          | no        | no            | a homonym
  first_names=Marie; birth_date=01/07/1955; birth_place=69123       | no        | no            | her mother
  first_names=Marie; birth_date=01/07/1955                          | no        | no            | a relative
  birth_name=Durand; first_names=Luc; sex=M; birth_place=13055; postcode=33000 | no | no         | born the same day
  birth_name=-; first_names=-; sex=-; birth_place=-                 | certain   | possible      | a birth date and a postal code: some people of a country
  birth_name=-; first_names=-; sex=-; birth_place=-; postcode=-     | possible  | no            | a birth date alone: of few, rather two records of one
"""
FIRST = {
    "birth_name": "LEFÈVRE",
    "first_names": "Zoé",
    "birth_date": "12/03/1984",
    "sex": "F",
    "birth_place": "75056",
    "postcode": "69003",
}


def other(said: str) -> Record:
    changes = dict(part.strip().split("=") for part in said.split(";") if part.strip())
    return Record(**FIRST | {trait: "" if value == "-" else value for trait, value in changes.items()})


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["the other record says"] or "the same")
def test_matching_grades(case: dict[str, str]) -> None:
    first, second = Record(**FIRST), other(case["the other record says"])
    for records, column in ((10_000, "of 10,000"), (60_000_000, "of 60 million")):
        found = assess(first, second, weights=default_weights().among(records), this_year=2026)
        assert found.grade == case[column], f"{column}: score {found.score:.4f}"
