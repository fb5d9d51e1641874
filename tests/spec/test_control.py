"""What a control says, as a table."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.certificates import DSC, SEAL, certificate, trusting
from tests.spec.tables import rows

from rempart.proofs import testcertificate, validity
from rempart.proofs.control import control, today
from rempart.proofs.verdict import verify

TITLE = "What a control says"
WHY = (
    "Whoever checks a certificate at a door learns whether it is accepted today, and whose it is; never the result (decree "
    "2021-699, article 2-3). The hours and days are those of the pass in force on that day (`proofs/data/validity.toml`). The page "
    "of the browser answers the same as the command line."
)

CASES = """
  form   | test    | result | sampled          | checked          | answer       | because
  -------+---------+--------+------------------+------------------+--------------+--------------------------------------------------
  eu-dcc | naat    | N      | 2021-07-01 08:00 | 2021-07-01 18:00 | valid        |
  eu-dcc | naat    | N      | 2021-07-01 08:00 | 2021-07-04 08:00 | valid        | 72 hours, to the minute
  eu-dcc | naat    | N      | 2021-07-01 08:00 | 2021-07-04 08:01 | not-accepted | and no longer
  2d-doc | naat    | N      | 2021-07-01 08:00 | 2021-07-04 08:01 | not-accepted | whatever its form
  eu-dcc | antigen | N      | 2021-07-01 08:00 | 2021-07-04 08:00 | valid        | antigen tests too, at the time
  eu-dcc | naat    | N      | 2022-02-01 08:00 | 2022-02-02 08:00 | valid        | 24 hours, since the pass of 2022
  eu-dcc | naat    | N      | 2022-02-01 08:00 | 2022-02-02 08:01 | not-accepted | and no longer
  2d-doc | antigen | N      | 2022-02-01 08:00 | 2022-02-02 08:01 | not-accepted |
  eu-dcc | naat    | N      | 2021-07-02 08:00 | 2021-07-01 18:00 | invalid      | issued later than it is checked
  eu-dcc | naat    | P      | 2021-07-01 08:00 | 2021-07-01 18:00 | not-accepted | no recovery yet; nobody is told of the result
  eu-dcc | naat    | P      | 2021-07-01 08:00 | 2021-07-12 07:59 | not-accepted | recovery begins eleven days later
  eu-dcc | naat    | P      | 2021-07-01 08:00 | 2021-07-12 08:00 | valid        |
  2d-doc | naat    | P      | 2021-07-01 08:00 | 2021-12-28 07:00 | valid        | 180 days, an hour earlier by the winter clock
  2d-doc | naat    | P      | 2021-07-01 08:00 | 2021-12-28 07:01 | not-accepted | and no longer
  2d-doc | naat    | I      | 2021-07-01 08:00 | 2021-07-01 18:00 | authentic    | signed, but no rule says what it is worth
  2d-doc | naat    | X      | 2021-07-01 08:00 | 2021-07-01 18:00 | authentic    | likewise
"""

_TESTS = {
    "naat": {"analysis": testcertificate.Analysis.NAAT, "loinc": "94500-6"},
    "antigen": {"analysis": testcertificate.Analysis.ANTIGEN, "loinc": "94558-4", "device": "1232"},
}
KEYS = trusting(DSC, SEAL)


def moment(text: str) -> datetime:
    """On the clock of Paris."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: " ".join(case.values())[:70])
def test_what_a_control_says(case: dict[str, str]) -> None:
    sampled_at, at = moment(case["sampled"]), moment(case["checked"])
    content = certificate(
        sampled_at=sampled_at,
        result=testcertificate.Result(case["result"]),
        **_TESTS[case["test"]],
    )
    issued_at = sampled_at + timedelta(hours=1)
    if case["result"] == "N" and issued_at + timedelta(days=3) < at:
        issued_at = at - timedelta(days=1)  # issued again: its container must not be what decides
    issued = testcertificate.issue(
        content, dcc_signer=DSC.signer(), twoddoc_signer=SEAL.signer(), issued_at=issued_at
    )
    text = issued.hc1 if case["form"] == "eu-dcc" else issued.twoddoc
    answer = control(verify(text, trust=KEYS, at=at), rule=validity.domestic_pass(today(at)), at=at)
    assert answer.outcome == case["answer"]
    assert bool(answer.surname) is (case["answer"] != "invalid")
