"""What is kept of a result that may have come before, as a table that a biologist can read."""

from datetime import date
from uuid import uuid4

import pytest
from tests.spec.tables import rows

from rempart.screening.rules.keeping import Version, decide
from rempart.screening.rules.report import Status

TITLE = "What becomes of a result that may have come before"
WHY = (
    "A result is known by its laboratory, record number and analysis. `A`, `B`, `C` are what it says, status "
    "aside; `there` lists what its versions said, the current one last (catalogue: D01, D02, R05; decision 006)"
)

CASES = """
  there | comes | status    | kept       | version | told | because
  ------+-------+-----------+------------+---------+------+---------------------------------------------------
        | A     | final     | first      | 1       |      | it is new
        | A     | corrected | first      | 1       | R05  | a correction whose original never came is taken
        | A     | retracted | nothing    | 0       | D02  | there is nothing to take back
  A     | A     | final     | repeat     | 0       |      | the same, word for word
  A     | A     | corrected | repeat     | 0       |      | it corrects nothing
  A     | B     | corrected | version    | 2       |      | a correction
  A     | B     | final     | version    | 2       | D01  | the latest word wins, and its sender is warned
  A     | B     | retracted | retraction | 2       |      | the result is taken back
  A B   | A     | final     | repeat     | 0       | D01  | old messages sent again do not undo a correction
  A B   | A     | corrected | version    | 3       |      | a laboratory may go back to what it said first
  A B   | B     | final     | repeat     | 0       |      | the current version again
  A B   | C     | final     | version    | 3       | D01  | something new after a correction
"""

_SAYS = {"A": b"a" * 16, "B": b"b" * 16, "C": b"c" * 16}


@pytest.mark.parametrize(
    "case", rows(CASES), ids=lambda case: f"{case['there']}:{case['comes']}:{case['status']}"
)
def test_versions(case):
    there = tuple(_SAYS[letter] for letter in case["there"].split())
    current = (
        Version(contents=there, month=date(2021, 4, 1), result_id=uuid4(), number=len(there))
        if there
        else None
    )
    decision = decide(status=Status(case["status"]), contents=(_SAYS[case["comes"]],), current=current)
    assert decision.keep.value == case["kept"]
    assert decision.number == int(case["version"])
    assert (decision.finding[0] if decision.finding else "") == case["told"]
