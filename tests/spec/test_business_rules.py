"""What France asked of EU certificates, as a table."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.spec.tables import rows

from rempart.proofs import businessrules, valuesets
from rempart.proofs.businessrules import Journey, Outcome

TITLE = "What France asked of an EU certificate"
WHY = (
    "The French rules of acceptance in the package (identifiers, dates and conditions as published in 2021). "
    "`fails` are the rules that are not satisfied; a certificate is accepted when there is none. A test is written as "
    "kind, result and hours since sampling; a vaccination as product, dose of series and days since the last one. Times "
    "are UTC, at noon."
)

TEST_CASES = """
  judged     | kind                      | result   | hours | fails                            | because
  -----------+---------------------------+----------+-------+----------------------------------+--------------------------------------------
  2021-07-25 | naat                      | negative | 24    | none in force                    | the day before the first rules
  2021-08-01 | naat                      | negative | 71    |                                  | 72 hours since 26 July
  2021-08-01 | naat                      | negative | 72    | TR-FR-0002                       | less than 72 hours
  2021-08-01 | naat                      | positive | 24    |                                  | results are asked about since 31 October
  2021-12-10 | naat                      | negative | 71    |                                  | still 72 hours
  2021-12-12 | naat                      | negative | 47    |                                  | 48 hours since 11 December
  2021-12-12 | naat                      | negative | 48    | TR-FR-0002                       | less than 48 hours
  2021-12-20 | naat                      | positive | 24    | TR-FR-0003                       | a positive is no proof of health
  2021-12-20 | antigen 1232              | negative | 24    |                                  | on the European list
  2021-12-20 | antigen 9999              | negative | 24    | TR-FR-0004                       | not on it
  2021-12-20 | antigen                   | negative | 24    | TR-FR-0004                       | no device said
  2021-12-20 | serology                  | negative | 24    | TR-FR-0001                       | not of the two kinds
  2021-12-20 | two                       | negative | 24    | TR-FR-0000                       | one test only
  2021-12-20 | with a vaccination        | negative | 24    | GR-FR-0000 VR-FR-0008            | one or the other; and a dose of yesterday
  2021-12-20 | of another disease        | negative | 24    | GR-FR-0001                       |
"""

VACCINATION_CASES = """
  judged     | product                   | doses | days | fails                            | because
  -----------+---------------------------+-------+------+----------------------------------+--------------------------------------------
  2021-12-20 | Comirnaty                 | 2/2   | 8    |                                  |
  2021-12-20 | Comirnaty                 | 2/2   | 7    |                                  | the seventh day counts
  2021-12-20 | Comirnaty                 | 2/2   | 6    | VR-FR-0008                       | 7 days for all but Janssen's
  2021-12-20 | Comirnaty                 | 3/3   | 1    | VR-FR-0008                       | a third dose too
  2021-12-20 | Comirnaty                 | 1/2   | 30   | VR-FR-0002                       | one is missing
  2021-12-20 | Comirnaty                 | 3/2   | 30   |                                  | more than expected
  2021-12-20 | Jcovden                   | 1/1   | 27   | VR-FR-0004                       | 28 days for Janssen's
  2021-12-20 | Jcovden                   | 1/1   | 28   |                                  |
  2021-12-20 | Sputnik-V                 | 2/2   | 30   | VR-FR-0001                       | not accepted in France
  2021-12-20 | Comirnaty                 | 2/2   | -1   | VR-FR-0003 VR-FR-0008            | of tomorrow
  2021-12-20 | Comirnaty, unknown maker  | 2/2   | 30   | VR-FR-0009                       |
  2021-12-20 | Comirnaty, unknown agent  | 2/2   | 30   | VR-FR-0010                       |
  2021-12-20 | two                       | 2/2   | 30   | VR-FR-0000                       | one vaccination only
"""

RECOVERY_CASES = """
  judged     | fails      | because
  -----------+------------+----------------------------------------------------------
  2021-12-10 |            | no rule of France's on recoveries
  2021-12-20 | GR-FR-0000 | since 17 December, a test or a vaccination is asked for
"""

TESTS = {"naat": "LP6464-4", "antigen": "LP217198-3", "serology": "LP217197-5"}
PRODUCTS = {"Comirnaty": "EU/1/20/1528", "Jcovden": "EU/1/20/1525", "Sputnik-V": "Sputnik-V"}
HOUR, DAY = 3_600, 86_400


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def ago(at: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(at.timestamp() - seconds, UTC)


def a_test(kind: str, result: str, taken: datetime) -> dict[str, Any]:
    name, _, device = kind.partition(" ")
    entry = {
        "tg": "840539006",
        "tt": TESTS.get(name, TESTS["naat"]),
        "tr": {"negative": "260415000", "positive": "260373001"}[result],
        "sc": taken.isoformat(),
        "co": "FR",
    }
    return entry | ({"ma": device} if name == "antigen" and device else {})


def a_vaccination(product: str, doses: str, on: datetime) -> dict[str, Any]:
    name, _, flaw = product.partition(", ")
    given, expected = doses.split("/")
    return {
        "tg": "840539006",
        "vp": "0" if flaw == "unknown agent" else "1119349007",
        "mp": PRODUCTS.get(name, PRODUCTS["Comirnaty"]),
        "ma": "ORG-0" if flaw == "unknown maker" else "ORG-100030215",
        "dn": int(given),
        "sd": int(expected),
        "dt": on.date().isoformat(),
        "co": "FR",
    }


def failing(dcc: dict[str, Any], at: datetime) -> str:
    claims = {"iss": "FR", "iat": "", "exp": "", "kid": "", "dcc": {"ver": "1.3.0", **dcc}}
    found = businessrules.judge(
        json.loads(json.dumps(claims)),
        rules=businessrules.shipped(),
        value_sets=valuesets.shipped(),
        journey=Journey(country="FR", at=at),
    )
    assert [one.problem for one in found if one.outcome is Outcome.OPEN] == []
    failed = [one.rule.identifier for one in found if one.outcome is Outcome.FAILED]
    return " ".join(failed) if found else "none in force"


@pytest.mark.parametrize("case", rows(TEST_CASES), ids=lambda case: " ".join(case.values())[:70])
def test_what_is_asked_of_tests(case: dict[str, str]) -> None:
    at, kind = noon(case["judged"]), case["kind"]
    entry = a_test(kind, case["result"], ago(at, int(case["hours"]) * HOUR))
    dcc: dict[str, Any] = {"t": [entry]}
    if kind == "two":
        dcc = {"t": [entry, entry]}
    if kind == "with a vaccination":
        dcc["v"] = [a_vaccination("Comirnaty", "2/2", ago(at, DAY))]
    if kind == "of another disease":
        dcc = {"t": [entry | {"tg": "0"}]}
    assert failing(dcc, at) == case["fails"]


@pytest.mark.parametrize("case", rows(VACCINATION_CASES), ids=lambda case: " ".join(case.values())[:70])
def test_what_is_asked_of_vaccinations(case: dict[str, str]) -> None:
    at = noon(case["judged"])
    entry = a_vaccination(case["product"], case["doses"], ago(at, int(case["days"]) * DAY))
    assert failing({"v": [entry] * (2 if case["product"] == "two" else 1)}, at) == case["fails"]


@pytest.mark.parametrize("case", rows(RECOVERY_CASES), ids=lambda case: " ".join(case.values())[:70])
def test_what_is_asked_of_recoveries(case: dict[str, str]) -> None:
    assert failing({"r": [{"tg": "840539006"}]}, noon(case["judged"])) == case["fails"]
