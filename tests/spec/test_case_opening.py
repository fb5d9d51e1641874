"""Which positive results open a case, as a table."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.factories import COVID
from tests.spec.tables import rows

from rempart.foundation.terminology import Kind
from rempart.tracing.rules import Positive, policy_on, to_open

TITLE = "Which positive results open a case to call"
WHY = (
    "One call per person and episode: a positive within 60 days of a case of the same person is the same episode "
    "(after Santé publique France, surveillance reference §1.1). Days count from 1 January 2021. `cases` are the days of "
    "sampling of the cases a person has; `arrive` are positives in the order they are read."
)

CASES = """
  cases | arrive  | opened  | because
  ------+---------+---------+------------------------------------------------------------
        | 1       | 1       | a first positive
        | 1 1     | 1       | two analyses of one sampling
        | 1 30    | 1       | the second is of the same episode
        | 30 1    | 30      | whichever came first: one call
        | 1 61    | 1       | sixty days: still the same
        | 1 62    | 1 62    | sixty-one: a new episode
  1     | 30      |         | there is a case already
  1     | 61      |         |
  1     | 62      | 62      |
  100   | 45      |         | an older positive that arrives late is of the same episode
  100   | 30      | 30      | and of another one when it is old enough
  1     | 50 110  | 110     | day 50 opens none, so day 110 is far from every case
  1 90  | 60      |         | between two cases
"""

KINDS = """
  sampled kind | on         | traced | because
  -------------+------------+--------+--------------------------------------------------
  naat         | 2020-06-01 | yes    | from the beginning
  antigen      | 2020-11-01 | no     | before antigen tests were declared
  antigen      | 2020-11-16 | yes    | SI-DEP IV
  serology     | 2021-03-01 | no     | an old infection: nobody to call
  naat         | 2026-11-20 | yes    |
"""

ANNE = UUID(int=1)


def day(number: str) -> date:
    return date(2021, 1, 1) + timedelta(days=int(number) - 1)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['cases']}: {case['arrive']}")
def test_case_opening(case: dict[str, str]) -> None:
    positives = [
        Positive(result_key=f"{rank}:{number}".encode(), person=ANNE, sampled_on=day(number))
        for rank, number in enumerate(case["arrive"].split())
    ]
    opened = to_open(
        positives,
        episodes={ANNE: [day(number) for number in case["cases"].split()]},
        policy=policy_on(day("1")),
    )
    days = [p.result_key.decode().split(":")[1] for p in positives if p.result_key in opened]
    assert days == case["opened"].split()


@pytest.mark.parametrize("case", rows(KINDS), ids=lambda case: f"{case['sampled kind']} {case['on']}")
def test_which_kinds_are_traced(case: dict[str, str]) -> None:
    kinds = COVID.policy_on(date.fromisoformat(case["on"])).case_kinds
    assert (Kind(case["sampled kind"]) in kinds) == (case["traced"] == "yes")
