"""What is asked of the national INS teleservice, answer by answer."""

from datetime import date

import pytest
from tests.spec.tables import rows

from rempart.foundation.people.teleservice.rules import Code, Question, Traits, questions

TITLE = "What is asked of the INS teleservice"
WHY = (
    "The teleservice answers one identity (00), none (01) or several (02). Where it knows none, the other first names are"
    " tried, one at a time; where it knows several, the place of birth is added. Source: reference on tracing, §5; the"
    " order and the bounds are ours, decision 029."
)
CASES = """
  case                  | first names        | place | answers       | next question        | because
  ----------------------+--------------------+-------+---------------+----------------------+-------------------------------------------
  at first              | Alix               | 75056 | -             | ALIX                 | the place is not asked: a wrong one hides people
  found                 | Alix, Bao          | 75056 | 00            | -                    | one identity ends it
  none, one name        | Alix               | 75056 | 01            | -                    | there is no other name to try
  none, two names       | Alix, Bao          | 75056 | 01            | BAO                  | the register may begin with another one
  none twice            | Alix, Bao, Cleo    | 75056 | 01 01         | CLEO                 | each one once
  none of four          | A, B, C, D, E      | -     | 01 01 01 01   | -                    | at most four names are tried
  the same name twice   | Alix, ALIX, Bao    | -     | 01            | BAO                  | what was asked is not asked again
  several, place known  | Alix, Bao          | 75056 | 02            | ALIX born 75056      | the place tells namesakes apart
  several, no place     | Alix, Bao          | -     | 02            | -                    | nobody is guessed
  several, wrong place  | Alix               | Paris | 02            | -                    | only INSEE's code can be asked
  several, Corsica      | Alix               | 2A004 | 02            | ALIX born 2A004      |
  several after place   | Alix               | 75056 | 02 02         | -                    | two people of the same five traits
  none after place      | Alix, Bao          | 75056 | 02 01         | -                    | one of them, but not this one: nobody is guessed
  none, then several    | Alix, Bao          | 75056 | 01 02         | BAO born 75056       |
  two words             | Jean Paul          | -     | -             | JEAN-PAUL            | a first name has no space there
"""


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["case"])
def test_what_is_asked_next(case: dict[str, str]) -> None:
    names = tuple(name.strip() for name in case["first names"].split(","))
    place = case["place"].replace("-", "")
    traits = Traits(
        birth_name="Martin", first_names=names, sex="F", birth_date=date(1990, 1, 1), birth_place=place
    )
    asked: list[tuple[Question, Code]] = []
    for code in case["answers"].replace("-", "").split():
        question = questions(traits, asked, most_names=4)
        assert question is not None
        asked.append((question, Code(code)))
    question = questions(traits, asked, most_names=4)
    born = f" born {question.birth_place}" if question and question.birth_place else ""
    assert (f"{question.first_name}{born}" if question else "-") == case["next question"]
