"""The rules of the sampling day: which analyses are taken, which markers are asked for, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from tests import messages
from tests.spec.tables import rows

TITLE = "What is taken and asked for, by the day of sampling"
WHY = (
    "What SI-DEP took grew by versions, and so did the screening of positives (pathogen file, `from` and `until`; choices "
    "in decision 034). The rules are those of the sampling day, whenever the message comes. Each line is judged the day "
    "after sampling; a finding with '!' is an error: the message is rejected whole."
)

ANALYSES_CASES = """
  analysis        | sampled    | result   | findings | outcome  | because
  ----------------+------------+----------+----------+----------+-------------------------------------------------------
  94500-6         | 2020-05-11 | P        |          | accepted | RT-PCR on a respiratory specimen, from the opening on
  94500-6         | 2020-05-10 | P        | A05 A01! | rejected | before it: nothing else in the message
  94563-4         | 2020-05-31 | P        | A05 A01! | rejected | serology, before the specification that brought it
  94563-4         | 2020-06-01 | P        |          | accepted | serology (June 2020)
  94563-4 94500-6 | 2020-05-31 | P        | A05      | accepted | beside a result of ours, what comes too early is left aside
  94845-5         | 2020-10-20 | N        | A05 A01! | rejected | saliva, before SI-DEP III
  94845-5         | 2020-10-21 | N        |          | accepted | saliva (SI-DEP III)
  94507-1         | 2020-10-20 | N        | A05 A01! | rejected | rapid serology, likewise
  94507-1         | 2020-10-21 | N        |          | accepted |
  94558-4         | 2020-11-15 | P        | A05 A01! | rejected | antigen, before SI-DEP IV
  94558-4         | 2020-11-16 | P        |          | accepted | antigen (SI-DEP IV)
  94558-4         | 2021-06-30 | P        |          | accepted |
  94558-4         | 2021-07-01 | P        | I01      | accepted | since mid-2021 the rapid test used is asked for
  94563-4         | 2021-07-01 | P        |          | accepted | of antigen tests only
  94505-5         | 2021-04-08 | 125      | A03 A01! | rejected | a quantity of antibodies is no positive or negative
  94563-4         | 2021-04-08 | 125      | R01!     | rejected | and is no result of a yes-or-no serology either
  94533-7 94500-6 | 2021-04-08 | P        | A03      | accepted | a gene target is never the published result
  80382-5 94500-6 | 2021-04-08 | P        | A03      | accepted | influenza: another pathogen, left aside
"""

SCREENING_CASES = """
  sampled    | analysis | result | markers     | screened | findings | outcome  | because
  -----------+----------+--------+-------------+----------+----------+----------+---------------------------------------------
  2021-05-30 | 94500-6  | P      | V10 V231    |          |          | accepted | named variants, until 30 May 2021
  2021-05-30 | 94500-6  | P      | V11         |          | V03      | accepted | both are asked for
  2021-05-30 | 94500-6  | P      | A0 B0 C1    |          | V06 V06 V06 V03 | accepted | letters came on the 31st
  2021-05-31 | 94500-6  | P      | A0 B0 C1    |          |          | accepted | letters A, B and C
  2021-05-31 | 94500-6  | P      | A0 C1       |          | V03      | accepted | B is asked for
  2021-05-31 | 94500-6  | P      | A0 B0 C1 V10 |         |          | accepted | named variants may still be given
  2021-12-19 | 94500-6  | P      | A0 B0 C1    |          |          | accepted |
  2021-12-19 | 94500-6  | P      | A0 B0 C1 D0 |          | V06      | accepted | D came on the 20th
  2021-12-20 | 94500-6  | P      | A0 C0 D1    |          |          | accepted | D is asked for, B no longer
  2021-12-20 | 94500-6  | P      | A0 B0 C0 D1 |          |          | accepted | and may still be given
  2021-12-20 | 94500-6  | P      | A0 C0       |          | V03      | accepted |
  2021-12-20 | 94500-6  | P      | A0 C8 D9    |          |          | accepted | 8 and 9: not searched, not readable
  2021-12-20 | 94500-6  | P      | A0 C0 D5    |          | V02!     | rejected | none of 0, 1, 8, 9
  2021-12-20 | 94500-6  | P      | A0 C1 D1    |          | V05      | accepted | co-infection or recombinant: to be sequenced
  2021-12-20 | 94500-6  | P      | A0 C0 D1    | -1       | V04!     | rejected | screened the day before the sampling
  2021-12-20 | 94500-6  | P      | A0 C0 D1    | +1       |          | accepted | screened the day after
  2021-12-20 | 94500-6  | N      | A0 C0 D1    |          | V01!     | rejected | only positives are screened
  2021-12-20 | 94558-4  | P      | A0 C0 D1    |          | I01 V01! | rejected | an antigen test has no genome
  2021-12-20 | 94563-4  | P      | A0 C0 D1    |          | V01!     | rejected | nor has serology
"""


def said(payload: bytes, sampled: str) -> tuple[str, str]:
    now = datetime.fromisoformat(f"{sampled}T20:00:00+00:00").astimezone(UTC) + timedelta(days=1)
    judgement = messages.judged(payload, now=now)
    codes = [f.code + ("!" if f.severity.value == "error" else "") for f in judgement.findings]
    return " ".join(codes), judgement.outcome.value


def day_of(sampled: str, later: int = 0) -> str:
    return (datetime.fromisoformat(sampled) + timedelta(days=later)).strftime("%Y%m%d")


@pytest.mark.parametrize(
    "case", rows(ANALYSES_CASES), ids=lambda case: f"{case['analysis']} {case['sampled']}"
)
def test_an_analysis_is_taken_from_its_day_on(case: dict[str, str]) -> None:
    lines = [f"RES|Analyse|{code}|C|{case['result']}|||||F" for code in case["analysis"].split()]
    payload = messages.hprim(
        ("08/04/2021", "/".join(reversed(case["sampled"].split("-")))), lines=(*lines, messages.MOBILE)
    )
    assert said(payload, case["sampled"]) == (case["findings"], case["outcome"])


@pytest.mark.parametrize("form", ["hl7v2", "hprim-sante", "hprim-medecin"])
@pytest.mark.parametrize(
    "case", rows(SCREENING_CASES), ids=lambda case: f"{case['sampled']} {case['markers']}"
)
def test_the_markers_of_a_screening(case: dict[str, str], form: str) -> None:
    markers = [(word[:-1], word[-1]) for word in case["markers"].split()]
    screened = day_of(case["sampled"], int(case["screened"])) if case["screened"] else ""
    day, code, result = day_of(case["sampled"]), case["analysis"], case["result"]
    if form == "hl7v2":
        payload = messages.hl7(
            ("20210408134800+0200", day),
            ("20210408150000+0200", ""),
            ("OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR", f"OBX|1|CE|{code}^Analyse"),
            ("260373001^Detected^SCT^P^Positif^99SIDEP", result),
            more=tuple(
                f"OBX|{n}|ST|SIDEP-MUT-{marker}||{value}||||||F||||||||{screened}"
                for n, (marker, value) in enumerate(markers, 4)
            ),
        )  # fmt: skip
    elif form == "hprim-sante":
        payload = messages.sante(
            ("20210408134800+0200", day),
            ("20210408150000+0200", ""),
            ("OBX|1|CE|94500-6~SARS-CoV-2 RT-PCR", f"OBX|1|CE|{code}~Analyse"),
            ("260373001~Detected~SCT", result),
            more=tuple(
                f"OBX|{n}|ST|SIDEP-MUT-{marker}||{value}||||||F|||{screened}"
                for n, (marker, value) in enumerate(markers, 4)
            ),
        )  # fmt: skip
    else:
        lines = [f"RES|Criblage {marker}|SIDEP-MUT-{marker}|C|{value}|||||F" for marker, value in markers]
        lines += [f"RES|Criblage|SIDEP-CRIBDT|A|{screened}|||||F"] if screened else []
        payload = messages.hprim(
            ("08/04/2021", "/".join(reversed(case["sampled"].split("-")))),
            lines=(f"RES|Analyse|{code}|C|{result}|||||F", messages.MOBILE, *lines),
        )
    assert said(payload, case["sampled"]) == (case["findings"], case["outcome"])
