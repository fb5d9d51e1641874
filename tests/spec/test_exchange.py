"""Who may hand a file to whom, as a table."""

import pytest
from tests.spec.tables import rows

from rempart.foundation.access.rights import Right, Role, table
from rempart.protection.exchange.rules import Party, may_send, routes

TITLE = "Who may hand a file to whom"
WHY = (
    "Decision 027. A file goes to a named account, if its sender's role has a route to the recipient's, and it reaches so far. "
    "`from` and `to` are a role and where the account works: departments, `*` for the nation, or the FINESS number of a "
    "laboratory, which stands for its department alone."
)

CASES = """
  from                        | to                          | may | because
  ----------------------------+-----------------------------+-----+---------------------------------------------------------------
  investigator 75 92          | investigator 92 93          | yes | they have a department in common
  investigator 75             | investigator 69             | no  | none in common: the agencies between them have
  investigator 75             | regional-investigator 75 77 | yes | level 2 to level 3 of the same region
  regional-investigator 75    | regional-investigator 69    | yes | agencies hand over to each other
  investigator 75             | delegate 75                 | no  | a delegate gets cases in his list, no file
  investigator 75             | epidemiologist *            | no  | who never sees an identity is sent none
  epidemiologist *            | regional-investigator 69    | yes | a signal goes to the agency it concerns
  epidemiologist *            | investigator 69             | no  | and not past it
  biologist 750000011         | regional-investigator 75    | yes | a laboratory and the agency of its region
  biologist 750000011         | regional-investigator 69    | no  | of another region
  biologist 750000011         | biologist 750000029         | no  | never from laboratory to laboratory
  biologist 750000011         | investigator 75             | no  | results reach investigators as results
  biologist 2A0000014         | administrator 2A            | yes | Corsica has its two departments
  biologist 750000011         | operator                    | yes | for a technical question
  regional-investigator 75    | biologist 750000011         | yes | and back
  regional-investigator 69    | biologist 750000011         | no  |
  administrator 75            | administrator 69            | yes | the administrators of the regions know each other
  administrator 75            | investigator 69             | no  |
  data-protection             | biologist 750000011         | yes | the data-protection officer writes to everybody
  investigator 75             | data-protection             | yes | and everybody to him
  operator                    | investigator 75             | no  | an operator has nothing to say of persons
  operator                    | administrator 75            | yes |
  pharmacist 750000011        | operator                    | no  | whoever has not the right has no route
  oversight                   | data-protection             | no  | the committee reads figures
"""


def party(text: str) -> Party:
    role, *places = text.split()
    establishment = next((place for place in places if len(place) == 9), "")
    return Party.of(
        Role(role), departments=[p for p in places if p != establishment], establishment=establishment
    )


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['from']} to {case['to']}")
def test_who_may_hand_a_file_to_whom(case: dict[str, str]) -> None:
    assert may_send(party(case["from"]), party(case["to"])) == (case["may"] == "yes")


def test_the_routes_are_between_those_who_have_the_right() -> None:
    entitled = set(table()[Right.EXCHANGE_USE].to)
    assert set(routes()) == entitled
    assert {to for row in routes().values() for to in row} <= entitled
