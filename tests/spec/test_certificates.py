"""When a certificate holds, as a table."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.certificates import certificate, document_signer, trusting
from tests.spec.tables import rows

from rempart.proofs import testcertificate
from rempart.proofs.trust import NOTHING, Usage
from rempart.proofs.verdict import verify

TITLE = "When a certificate holds"
WHY = (
    "HCERT 1.0.5 §3 and A.4 (EU DCC), ANTS 2D-Doc §5.1 (2D-DOC). A signature, a key and dates decide; what a result "
    "is worth is for the rules of the day. Days are those of Paris at noon; a signer's certificate begins and ends at noon."
)

CASES = """
  form   | result | issued     | signer is valid         | signer may sign | judged     | answer            | because
  -------+--------+------------+-------------------------+-----------------+------------+-------------------+---------------------------------------------
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-10 | ok                |
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-08 | not-yet-valid     | judged before it was issued
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-12 | ok                | a negative's container holds three days
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-13 | expired           | and no longer
  eu-dcc | P      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-10-09 | ok                | a positive proves recovery up to day 183
  eu-dcc | P      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-10-10 | expired           | and no longer
  eu-dcc | P      | 2021-04-09 | 2021-01-01 – 2021-06-01 | anything        | 2021-06-02 | expired           | a certificate never outlives its signer
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | tests           | 2021-04-10 | ok                |
  eu-dcc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | vaccinations    | 2021-04-10 | key-usage         | the key is for another type of certificate
  eu-dcc | N      | 2021-04-09 | not trusted             | anything        | 2021-04-10 | key-unknown       | nobody vouches for the key
  eu-dcc | I      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-10 | none              | the EU certifies detected and not detected only
  eu-dcc | X      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-10 | none              | likewise
  2d-doc | X      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-10 | ok                | 2D-DOC has all four results
  2d-doc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2021-04-08 | not-yet-valid     | judged before it was signed
  2d-doc | N      | 2021-04-09 | 2021-01-01 – 2022-01-01 | anything        | 2031-04-09 | ok                | its signer was valid on the day of signature
  2d-doc | N      | 2021-04-09 | 2021-04-10 – 2022-01-01 | anything        | 2021-04-10 | key-not-yet-valid | its signer was not
  2d-doc | N      | 2021-04-09 | 2020-01-01 – 2021-04-08 | anything        | 2021-04-10 | key-expired       | its signer was no longer
  2d-doc | N      | 2021-04-09 | not trusted             | anything        | 2021-04-10 | key-unknown       | nobody vouches for the key
"""

USAGES = {"anything": (), "tests": (Usage.TEST,), "vaccinations": (Usage.VACCINATION,)}


def noon(day: str) -> datetime:
    on = date.fromisoformat(day.strip())
    return datetime(on.year, on.month, on.day, 10, tzinfo=UTC)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: " ".join(case.values())[:70])
def test_when_a_certificate_holds(case: dict[str, str]) -> None:
    trusted = case["signer is valid"] != "not trusted"
    validity = case["signer is valid"] if trusted else "2021-01-01 – 2022-01-01"
    since, until = (noon(day) for day in validity.split("–"))
    dates: dict[str, Any] = {"not_before": since, "not_after": until}
    is_dcc = case["form"] == "eu-dcc"
    dsc = document_signer(usages=USAGES[case["signer may sign"]], **(dates if is_dcc else {}))
    seal = document_signer(common_name="0001", issuer_name="RMP0", **({} if is_dcc else dates))
    issued = testcertificate.issue(
        certificate(result=testcertificate.Result(case["result"])),
        dcc_signer=dsc.signer(),
        twoddoc_signer=seal.signer(),
        issued_at=noon(case["issued"]),
    )
    text = issued.hc1 if is_dcc else issued.twoddoc
    if case["answer"] == "none":
        assert text == ""
        return
    verdict = verify(text, trust=trusting(dsc, seal) if trusted else NOTHING, at=noon(case["judged"]))
    assert (verdict.kind, verdict.reason) == (case["form"], case["answer"])
