"""What the table of tests/spec does not show: several findings at once, precision, another disease."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests import messages

from rempart.foundation.terminology import load_pathogen
from rempart.screening.formats import Context
from rempart.screening.rules.judging import CLOCK_SKEW, judge
from rempart.screening.rules.report import Format, Laboratory, Moment, Outcome, Precision, Severity

PATHOGENS = Path(__file__).parents[3] / "data" / "pathogens"
SAMPLED = datetime(2021, 4, 8, 11, 48, tzinfo=UTC)


def sampled(moment: Moment, validated: Moment | None = None, now: datetime = messages.NOW) -> list[str]:
    """What is said of the good message with another sampling time."""
    item = messages.item(messages.hl7())
    reports = tuple(
        replace(r, sampled_at=moment, validated_at=validated or r.validated_at) for r in item.reports
    )
    return messages.codes(messages.verdict(replace(item, reports=reports), now=now))


def test_everything_is_said_at_once_and_each_thing_once() -> None:
    payload = messages.hl7(
        ("|690001235|SIDEP", "|690001234|SIDEP"),
        ("||19790328|", "||20990101|"),
        ("20210408134800+0200", ""),
        ("260373001^Detected^SCT^P^Positif^99SIDEP", "?"),
    )
    judgement = messages.judged(payload)
    assert judgement.outcome is Outcome.REJECTED
    assert messages.codes(judgement) == ["P03", "P07", "L01", "S01", "R01"]
    assert [f.location for f in judgement.findings] == [
        "PID-7",
        "PID-3",
        "MSH-4",
        "OBR-7 for OBX[1] (segment 6)",
        "OBX[1]-5 (segment 6)",
    ]


def test_a_person_is_judged_once_for_all_the_reports() -> None:
    more = ("OBX|4|ST|94558-4^Ag^LN||N||||||F",)
    judgement = messages.judged(messages.hl7(("||19790328|", "||18790328|"), more=more))
    assert messages.codes(judgement).count("P03") == 1


def test_what_is_left_aside_refuses_no_result_beside_it() -> None:
    """An analysis not taken yet, with its times the wrong way round, beside one that is."""
    item = messages.item(messages.hl7())
    (report, *_) = item.reports
    early = Moment(at=datetime(2020, 5, 9, tzinfo=UTC), precision=Precision.SECOND)
    before = replace(early, at=early.at - timedelta(days=2))
    aside = replace(report, sampled_at=early, validated_at=before)
    judgement = messages.verdict(replace(item, reports=(report, aside)))
    assert judgement.outcome is Outcome.ACCEPTED
    assert messages.codes(judgement) == ["A05"]
    alone = messages.codes(messages.verdict(replace(item, reports=(aside,))))
    assert alone == ["A05", "S03", "S02", "A01"]


def test_what_the_decoder_said_is_not_said_again() -> None:
    judgement = messages.judged(messages.hl7(("||19790328|", "||mars 1979|")))
    assert messages.codes(judgement).count("P03") == 1
    assert "not a full date" in judgement.findings[0].message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "No FINESS number of nine characters stands here"),
        ("LBM DU CENTRE", "No FINESS number of nine characters stands here"),
        ("69000123", "what stands here is (of 8 characters)"),
        ("6900012345678", "what stands here is (of 13 characters)"),  # a person's number is never said back
        ("690 001 234", "The FINESS number 690001234 is not right: key."),
    ],
)
def test_a_finess_number_that_is_none_is_told_from_one_that_is_missing(given: str, said: str) -> None:
    performer = ("&1.2.250.1.71.4.2.2&ISO^FINEG^^^1690001235", "")
    judgement = messages.judged(messages.hl7(("|690001235|SIDEP", f"|{given}|SIDEP"), performer))
    (found,) = [f for f in judgement.findings if f.code == "L01"]
    assert said in found.message
    assert found.location == "MSH-4"


def test_what_a_table_gives_for_a_finess_is_not_said_back() -> None:
    item = messages.item(messages.hl7())
    wrong = tuple(replace(one, laboratory=Laboratory(finess="DUPONTEL MARIE")) for one in item.reports)
    judgement = messages.verdict(replace(item, format=Format.TABLE, reports=wrong))
    (found,) = [f for f in judgement.findings if f.code == "L01"]
    assert "(of 14 characters)" in found.message
    assert "DUPONT" not in found.message


def test_a_result_in_quarantine_is_held_for_one_reason_and_another_for_its_own() -> None:
    labelled = ("OBX|4|ST|COVPCR^SARS-CoV-2 par PCR^L||N||||||F",)
    judgement = messages.judged(messages.hl7(more=labelled))
    assert judgement.outcome is Outcome.HELD
    assert messages.codes(judgement) == ["A04"]
    preliminary = ("OBX|5|ST|94558-4^Ag^LN||N||||||P",)
    judgement = messages.judged(messages.hl7(more=labelled + preliminary))
    assert messages.codes(judgement) == ["A04", "R04"]


def test_a_laboratorys_clock_may_be_a_little_ahead() -> None:
    precise = Moment(at=SAMPLED, precision=Precision.SECOND)
    validated = Moment(at=SAMPLED + timedelta(minutes=1), precision=Precision.SECOND)
    assert sampled(precise, validated, now=SAMPLED - CLOCK_SKEW) == []
    assert sampled(precise, validated, now=SAMPLED - CLOCK_SKEW - timedelta(seconds=1)) == ["S02"]


@pytest.mark.parametrize(
    ("sampling", "validation", "said"),
    [
        (("2021-04-08", Precision.DAY), ("2021-04-08T00:00", Precision.MINUTE), []),
        (("2021-04-08T13:00", Precision.MINUTE), ("2021-04-08", Precision.DAY), []),
        (("2021-04-08T13:00", Precision.MINUTE), ("2021-04-07", Precision.DAY), ["S02"]),
        (("2021-04-08T13:00", Precision.MINUTE), ("2021-04", Precision.MONTH), []),
        (("2021-04-08T13:00", Precision.MINUTE), ("2021-03", Precision.MONTH), ["S02"]),
        (("2021-04-08T13:00", Precision.MINUTE), ("2021", Precision.YEAR), []),
        (("2021-04-08T13:00", Precision.MINUTE), ("2020", Precision.YEAR), ["S02"]),
        (("2021-04-08T13:00", Precision.HOUR), ("2021-04-08T12:59", Precision.MINUTE), ["S02"]),
    ],
)
def test_times_are_compared_as_far_as_the_coarser_tells(
    sampling: tuple[str, Precision], validation: tuple[str, Precision], said: list[str]
) -> None:
    def moment(text: str, precision: Precision) -> Moment:
        whole = {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text)
        return Moment(at=datetime.fromisoformat(whole).replace(tzinfo=UTC), precision=precision)

    assert sampled(moment(*sampling), moment(*validation)) == said


def test_an_old_sampling_follows_the_policy_of_the_day() -> None:
    precise = Moment(at=SAMPLED, precision=Precision.SECOND)
    days = messages.COVID.policy_on(SAMPLED.date()).sampling_age_limit_days
    assert sampled(precise, now=SAMPLED + timedelta(days=days) - timedelta(seconds=1)) == []
    assert sampled(precise, now=SAMPLED + timedelta(days=days)) == ["S03"]


def test_the_severity_of_an_identity_fault_follows_its_authority() -> None:
    wrong = ("279035121518989^", "279035121518988^")
    test = messages.judged(messages.hl7(wrong))
    real = messages.judged(messages.hl7(wrong, ("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")))
    assert [f.severity for f in test.findings] == [Severity.WARNING]
    assert [f.severity for f in real.findings] == [Severity.ERROR]


def test_no_code_knows_the_disease() -> None:
    (path,) = PATHOGENS.glob("*.toml")
    invented = load_pathogen(path)
    analysis = next(a for a in invented.analyses.values() if a.published)
    context = Context(pathogen=invented)
    payload = messages.hl7(("OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR", f"OBX|1|CE|{analysis.loinc}^x"))
    item = messages.item(payload, context)
    judgement = judge(item, profile=context.profile, pathogen=invented, now=messages.NOW)
    assert judgement.outcome is Outcome.ACCEPTED
    assert [report.loinc for report in item.reports] == [analysis.loinc]
    of_covid = messages.item(messages.hl7(), context)
    refused = judge(of_covid, profile=context.profile, pathogen=invented, now=messages.NOW)
    assert messages.codes(refused) == ["A03", "A01"]
    assert invented.label_en in refused.findings[-1].message
