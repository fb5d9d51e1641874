"""Until when a certificate that is handed over on paper is kept, as a table."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.spec.tables import rows

from rempart.screening.handover.rules.keeping import kept_until, policy

TITLE = "How long a certificate to hand over is kept"
WHY = (
    "Guide of SI-DEP for laboratories, V1.2 of 29 June 2021, section 5: 72 hours from the hour of sampling for negative "
    "results, 6 months from the day of sampling for positive ones. The rule holds for the laboratory's list, for its "
    "mailbox and for the folders that `rempart mailbox` fills. Times are those of the place of sampling. What is neither "
    "positive nor negative is kept like a negative: the guide asks for the strict minimum."
)

CASES = """
  result | sampled          | place            | kept until       | because
  -------+------------------+------------------+------------------+---------------------------------------------------
  N      | 2021-07-05 13:48 | Europe/Paris     | 2021-07-08 13:48 | 72 hours from the hour
  N      | 2021-07-05       | Europe/Paris     | 2021-07-09 00:00 | of an unknown hour, the last of the day counts
  N      | 2021-10-30 12:00 | Europe/Paris     | 2021-11-02 11:00 | hours are hours: a clock put back changes none
  I      | 2021-07-05 13:48 | Europe/Paris     | 2021-07-08 13:48 | nothing to read is no positive
  X      | 2021-07-05 13:48 | Europe/Paris     | 2021-07-08 13:48 | nor is an unsuitable specimen
  P      | 2021-07-05 13:48 | Europe/Paris     | 2022-01-06 00:00 | 6 months from the day, that day included
  P      | 2021-07-05       | Europe/Paris     | 2022-01-06 00:00 | the hour does not matter
  P      | 2021-08-31 09:00 | Europe/Paris     | 2022-03-01 00:00 | February has no 31st: its last day
  P      | 2021-07-05 20:00 | Indian/Reunion   | 2022-01-06 00:00 | days are those of the place
"""


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['result']} {case['sampled']}")
def test_handover_keeping(case: dict[str, str]) -> None:
    zone = ZoneInfo(case["place"])
    sampled = datetime.fromisoformat(case["sampled"]).replace(tzinfo=zone)
    found = kept_until(
        sampled.astimezone(ZoneInfo("UTC")),
        knows_hour=":" in case["sampled"],
        positive=case["result"] == "P",
        zone=zone,
        policy=policy(sampled.date()),
    )
    assert f"{found.astimezone(zone):%Y-%m-%d %H:%M}" == case["kept until"]


def test_the_first_policy_holds_for_what_was_before() -> None:
    assert policy(date(2020, 5, 13)) is policy(date(2021, 6, 29))
