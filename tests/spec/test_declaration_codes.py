"""Until when a declaration code holds, as a table."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.spec.tables import rows

from rempart.proximity.codes.rules import Code, is_useful, last_day, until

TITLE = "Until when a declaration code holds"
WHY = (
    "Long codes of StopCovid: until 23:59 in Paris, seven days after the day on which one was first asked for "
    "(proximity/codes/data/validity.toml). The originals took the offset of the day of making, so that codes over a change of "
    "the clocks ended an hour early or late. A code is of use for fourteen days after the sampling (decision 047)."
)

CASES = """
  first asked for (Paris)     | tried (Paris)               | holds | because
  ----------------------------+-----------------------------+-------+----------------------------------------------
  2021-04-09 10:00:00         | 2021-04-09 10:00:00         | yes   | at once
  2021-04-09 10:00:00         | 2021-04-16 23:59:59         | yes   | the whole of the last minute counts
  2021-04-09 10:00:00         | 2021-04-17 00:00:00         | no    | the eighth day has begun
  2021-04-09 00:00:00         | 2021-04-16 23:59:00         | yes   | the first minute of a day belongs to it
  2021-04-09 23:59:59         | 2021-04-16 23:59:00         | yes   | the last one too: seven days, not eight
  2021-03-24 12:00:00         | 2021-03-31 23:59:00         | yes   | summer time came on the 28th
  2021-03-24 12:00:00         | 2021-04-01 00:00:00         | no    | and gives no hour more
  2020-10-20 12:00:00         | 2020-10-27 23:59:00         | yes   | winter time came on the 25th
  2020-10-20 12:00:00         | 2020-10-28 00:00:00         | no    |
  2021-12-27 12:00:00         | 2022-01-03 23:59:00         | yes   | over the end of a year
"""

USEFUL = """
  sampled    | asked for  | given | because
  -----------+------------+-------+---------------------------------------------------------------
  2021-04-01 | 2021-04-01 | yes   |
  2021-04-01 | 2021-04-15 | yes   | the fourteenth day
  2021-04-01 | 2021-04-16 | no    | the application has no meeting left to send
"""

PARIS = ZoneInfo("Europe/Paris")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['tried (Paris)']}")
def test_declaration_codes(case: dict[str, str]) -> None:
    code = Code(text="", until=until(last_day(_at(case["first asked for (Paris)"]))))
    assert code.holds(_at(case["tried (Paris)"])) == (case["holds"] == "yes")


@pytest.mark.parametrize("case", rows(USEFUL), ids=lambda case: case["asked for"])
def test_of_use(case: dict[str, str]) -> None:
    sampled, asked = date.fromisoformat(case["sampled"]), date.fromisoformat(case["asked for"])
    assert is_useful(sampled_on=sampled, today=asked) == (case["given"] == "yes")
