"""How long things are kept, as tables."""

from datetime import date, timedelta

import pytest
from tests.spec.tables import rows

from rempart.foundation.retention import Kind, Version, last_day, retention
from rempart.foundation.terminology import pathogen
from rempart.protection.retention.rules import digests_dead_until

TITLE = "How long things are kept, and when they are destroyed"
WHY = (
    "Law 2020-546 art. 11, law 2021-1040, decree 2020-551 art. 5 and 9, MINSANTE 101 (a year at most); the rest is ours, "
    "docs/decisions/025-retention.md. What was collected is kept up to its last day, that day included; its key is destroyed "
    "on the day after, then its rows. Days are counted from receipt, in UTC."
)

RESULTS = """
  result | received   | last day   | because
  -------+------------+------------+------------------------------------------------------------
  P      | 2020-06-01 | 2020-08-30 | three months (90 days) under the first law
  N      | 2020-06-01 | 2020-08-30 |
  P      | 2021-08-05 | 2021-11-03 | collected before the second law: it does not lengthen what was promised
  P      | 2021-08-06 | 2022-02-02 | six months (180 days) from the second law on
  N      | 2021-08-06 | 2021-11-04 | positives only
  I      | 2026-11-20 | 2027-02-18 | an uninterpretable one is no positive
  X      | 2026-11-20 | 2027-02-18 |
  P      | 2026-11-20 | 2027-05-19 |
"""

OTHERS = """
  kind            | from       | last day   | because
  ----------------+------------+------------+-----------------------------------------------------------
  refused-message | 2026-11-20 | 2027-02-18 | as the shortest result
  message-trace   | 2026-11-20 | 2027-11-20 | a repeat is recognised for a year
  letter          | 2026-11-20 | 2026-12-20 |
  code            | 2026-11-20 | 2026-11-21 |
  event           | 2026-11-20 | 2027-02-18 |
  audit           | 2026-11-30 | 2027-06-02 | the last day of November decides for the month
  machine-key     | 2026-11-20 | 2027-05-23 | from the end of the key
  request         | 2026-11-20 | 2027-11-20 | proof that the deadline was kept
  hold            | 2026-11-20 | 2027-05-23 | from the end of the order
"""

NEW_LAW = """
  kept first | received | new law on | now kept        | today | last day | because
  -----------+----------+------------+-----------------+-------+----------+--------------------------------------------
  180        | 0        | 100        | 90              | 99    | 180      | the law of the day it was collected
  180        | 0        | 100        | 90              | 100   | 90       | a shorter law applies at once: overdue, it goes today
  180        | 50       | 100        | 90              | 100   | 140      | sealed again under its new day
  180        | 100      | 100        | 90              | 100   | 190      | collected under the new law
  90         | 0        | 30         | 180             | 60    | 90       | a longer law leaves the promise as it was
  90         | 0        | 30         | 180, extends    | 60    | 180      | unless it says that it extends
  90         | 0        | 91         | 180, extends    | 95    | 90       | what had gone does not come back
  90         | 0        | 90         | 180, extends    | 95    | 180      | on its last day it was still there
"""

INDEX_KEYS = """
  today      | dead half-years end on | because
  -----------+------------------------+---------------------------------------------------------------
  2027-06-29 | 2026-06-30             | a positive of 31 December 2026 may be read until 29 June 2027
  2027-06-30 | 2026-12-31             | the day after, nothing of the second half of 2026 is left to find
  2027-12-27 | 2026-12-31             | 30 June 2027 and 180 days
  2027-12-28 | 2027-06-30             |
"""

COVID = pathogen("covid19")
START = date(2026, 1, 1)


@pytest.mark.parametrize("case", rows(RESULTS), ids=lambda case: f"{case['result']} {case['received']}")
def test_results(case: dict[str, str]) -> None:
    received = date.fromisoformat(case["received"])
    until = last_day(received, COVID.retention_of(case["result"]), today=date(2099, 1, 1))
    assert until.isoformat() == case["last day"]


@pytest.mark.parametrize("case", rows(OTHERS), ids=lambda case: case["kind"])
def test_other_kinds(case: dict[str, str]) -> None:
    since = date.fromisoformat(case["from"])
    assert retention(Kind(case["kind"])).last_day(since, today=since).isoformat() == case["last day"]


@pytest.mark.parametrize("case", rows(NEW_LAW), ids=lambda case: "-".join(list(case.values())[:5]))
def test_a_new_law(case: dict[str, str]) -> None:
    now_kept, _, extends = case["now kept"].partition(",")
    versions = [
        Version(since=date(2020, 1, 1), days=int(case["kept first"])),
        Version(since=day(case["new law on"]), days=int(now_kept), extends_kept=bool(extends)),
    ]
    assert last_day(day(case["received"]), versions, today=day(case["today"])) == day(case["last day"])


@pytest.mark.parametrize("case", rows(INDEX_KEYS), ids=lambda case: case["today"])
def test_index_keys(case: dict[str, str]) -> None:
    kinds = [COVID.retention_of(result) for result in COVID.results]
    dead = digests_dead_until(date.fromisoformat(case["today"]), kinds)
    assert dead.isoformat() == case["dead half-years end on"]


def day(number: str) -> date:
    return START + timedelta(days=int(number))
