"""What counts in the public figures, as a table."""

from datetime import UTC, date, datetime

import pytest
from tests.spec.tables import rows

from rempart.foundation import facts
from rempart.foundation.facts import Kind, Result, ResultFact
from rempart.surveillance import rules
from rempart.surveillance.rules import NATION, Count

TITLE = "What counts in the public figures"
WHY = (
    "Santé publique France publishes virological tests (RT-PCR and antigen) with an interpretable result, on the day of "
    "sampling, in the department of residence. T and P here are numbers of tests: its count of persons, once per 60 days, "
    "is not applied, and the 7-day denominator is the sum of seven days, not the distinct persons tested in them."
)

CASES = """
  what was sent                         | nation T | nation P | 59 T | 59 P | because
  --------------------------------------+----------+----------+------+------+-----------------------------------------------
  naat:N@59                             | 1        | 0        | 1    | 0    |
  naat:P@59                             | 1        | 1        | 1    | 1    |
  antigen:P@59                          | 1        | 1        | 1    | 1    | antigen tests count since 8 December 2020
  serology:P@59                         | 0        | 0        | 0    | 0    | a serology tells of the past
  naat:I@59 naat:X@59                   | 0        | 0        | 0    | 0    | not interpretable: neither T nor P
  naat:P@                               | 1        | 1        | 0    | 0    | residence unknown: counts for the nation only
  naat:P@75                             | 1        | 1        | 0    | 0    | another department's
  naat:N@59 naat:P@59                   | 2        | 1        | 2    | 1    | two tests, were it one person
  naat:N@59 corrected:P@59              | 1        | 1        | 1    | 1    | a correction takes the place of what it corrects
  naat:P@59 retracted                   | 0        | 0        | 0    | 0    | a retracted result was never there
  naat:P@59 moved:P@75                  | 1        | 1        | 0    | 0    | corrected residence: it moves to the other one
  naat:P@59:tomorrow                    | 0        | 0        | 0    | 0    | no day to come, whatever a laboratory's clock
"""

DAY = date(2020, 12, 10)


def _facts(words: str) -> list[ResultFact]:
    """`kind:result@department`; corrected, moved and retracted speak of the test before them."""
    told: list[ResultFact] = []
    for number, word in enumerate(words.split()):
        kind, _, rest = word.partition(":")
        result, _, place = rest.partition("@")
        department, _, when = place.partition(":")
        changes = kind in ("corrected", "moved", "retracted")
        told.append(
            ResultFact(
                fact_id=told[-1].fact_id if changes else f"{number:032x}",
                version=2 if changes else 1,
                retracted=kind == "retracted",
                pathogen="covid19",
                sampled_on=DAY if not when else date(2020, 12, 11),
                received_at=datetime(2020, 12, 10, 20, number, tzinfo=UTC),
                department=department,
                kind=Kind.NAAT if changes else Kind(kind),
                result=Result(result or "N"),
            )
        )
    return told


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["what was sent"])
def test_what_counts(case, tmp_path):
    facts.write_batch(tmp_path, _facts(case["what was sent"]), start="0001")
    counted = facts.query(tmp_path, lambda table: rules.daily(table, pathogen="covid19", until=DAY))
    territories = rules.by_territory(
        (row["sampled_on"], row["department"], Count(tests=row["tests"], positives=row["positives"]))
        for row in counted.to_pylist()
    )
    nation = rules.week(territories[NATION], ending=DAY)
    nord = rules.week(territories.get("59", {}), ending=DAY)
    expected = [int(case[name]) for name in ("nation T", "nation P", "59 T", "59 P")]
    assert [nation.tests, nation.positives, nord.tests, nord.positives] == expected
