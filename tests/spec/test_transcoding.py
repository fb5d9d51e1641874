"""Which lines a laboratory's transcoding table takes, as a table that a biologist can read."""

from datetime import date, timedelta

import pytest
from tests.spec.tables import rows

from rempart.foundation.terminology import pathogen
from rempart.screening.transcoding.rules import Kind, Line, faults, written

TITLE = "Which lines a transcoding table takes"
WHY = (
    "A laboratory says what its own codes and words mean, and nothing of what means the same for everybody (decision "
    "032). `there`: a line for the same text, and its days from today; `from`: the first day of the new one"
)

CASES = """
  the laboratory writes | means   | from | there          | refused       | because
  ----------------------+---------+------+----------------+---------------+---------------------------------------------
  CV19                  | 94500-6 | 0    |                |               | a code of its own, an RT-PCR
  nfe   020             | 94558-4 | 0    |                |               | stray spaces do not count
  CV19                  | 94500-6 | 30   |                |               | a change of software is prepared in advance
  CV19                  | 94500-6 | -1   |                | past          | what was judged yesterday is not judged otherwise
  CV19                  | 94500-7 | 0    |                | key           | the last digit is a check digit
  CV19                  | 718-7   | 0    |                | not-published | haemoglobin is none of ours
  CV19                  | 94533-7 | 0    |                | not-published | one gene target is no result
  718-7                 | 94500-6 | 0    |                | known         | a LOINC code means the same for everybody
  TRACES                | I       | 0    |                |               | words that the common table does not know
  Positif               | N       | 0    |                | known         | a word that everybody knows is not turned round
  840533007             | P       | 0    |                | known         | the code of the virus is no result
  CV19                  | 94558-4 | 0    | 94500-6 0      | conflict      | one code, two meanings on one day
  CV19                  | 94500-6 | 0    | 94500-6 0      | repeat        | it is said already
  CV19                  | 94558-4 | 10   | 94500-6 0 10   |               | the other line ends that day
  CV19                  | 94558-4 | 0    | 94500-6 10     | conflict      | the new line has no end, and meets the other
"""

TODAY = date(2026, 11, 20)


def day(text: str) -> date:
    return TODAY + timedelta(days=int(text))


def earlier(text: str, kind: Kind, source: str) -> list[Line]:
    if not text:
        return []
    target, since, *until = text.split()
    end = day(until[0]) if until else None
    return [Line(kind=kind, source=source, target=target, since=day(since), until=end)]


@pytest.mark.parametrize(
    "case", rows(CASES), ids=lambda case: f"{case['the laboratory writes']}:{case['means']}:{case['there']}"
)
def test_lines(case):
    kind = Kind.RESULT if len(case["means"]) == 1 else Kind.ANALYSIS
    source = written(kind, case["the laboratory writes"])
    line = Line(kind=kind, source=source, target=case["means"], since=day(case["from"]))
    others = earlier(case["there"], kind, source)
    found = faults(line, others=others, pathogen=pathogen("covid19"), today=TODAY)
    assert [fault.value for fault in found] == case["refused"].split()
