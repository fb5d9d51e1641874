"""How often somebody may try to open a result, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.spec.tables import rows

from rempart.screening.rules.attempts import failures_after, locked

TITLE = "How often somebody may try"
WHY = (
    "Decision 007. Five failures (a wrong birth date, a wrong code) lock a reference for fifteen minutes; while it is "
    "locked nothing is believed, right or wrong, and nothing is counted. Times are minutes; `failures` is what is counted "
    "after the last one."
)

CASES = """
  failures at       | then at | failures | locked | because
  ------------------+---------+----------+--------+------------------------------------------------
                    | 0       | 0        | no     | nobody tried
  0                 | 1       | 1        | no     |
  0 1 2 3           | 4       | 4        | no     | one more is left
  0 1 2 3 4         | 4       | 5        | yes    | the fifth locks
  0 1 2 3 4         | 18      | 5        | yes    | for fifteen minutes after the last
  0 1 2 3 4         | 19      | 5        | no     | and no longer
  0 1 2 3 4 19      | 19      | 1        | no     | the count starts again
  0 1 2 3 4 5 6 7   | 19      | 5        | no     | what comes while it is locked is not looked at
  0 10 20 30 40     | 40      | 5        | yes    | patient attempts are attempts
  0 1 2 3 20        | 20      | 1        | no     | fifteen quiet minutes are a new start
"""

START = datetime(2021, 4, 9, tzinfo=UTC)


def at(minute: str) -> datetime:
    return START + timedelta(minutes=int(minute))


@pytest.mark.parametrize(
    "case", rows(CASES), ids=lambda case: f"{case['failures at']} then {case['then at']}"
)
def test_portal_attempts(case: dict[str, str]) -> None:
    failures, last = 0, None
    for minute in case["failures at"].split():
        if locked(failures=failures, last_failure_at=last, now=at(minute)):
            continue
        failures = failures_after(failures=failures, last_failure_at=last, now=at(minute))
        last = at(minute)
    assert failures == int(case["failures"])
    is_locked = locked(failures=failures, last_failure_at=last, now=at(case["then at"]))
    assert is_locked == (case["locked"] == "yes")
