"""The transcoding table: what a laboratory may say, and what it means to the decoders."""

from datetime import date, timedelta

import pytest
from tests import messages

from rempart.screening.formats import Context
from rempart.screening.rules.report import Outcome, Result
from rempart.screening.transcoding import rules
from rempart.screening.transcoding.rules import Fault, Kind, Line, Transcoding

TODAY = date(2026, 11, 20)
PCR, PANEL, GENE = "94500-6", "94531-1", "94533-7"
LAB = "690001235"
LOCAL = ("94500-6^SARS-CoV-2 RT-PCR^LN||260373001^Detected^SCT^P^Positif^99SIDEP", "CV19^RT-PCR^L||PRES^pr^L")


def line(kind=Kind.ANALYSIS, source="CV19", target=PCR, since=TODAY, until=None):
    return Line(kind=kind, source=source, target=target, since=since, until=until)


def faults(one, *others):
    return rules.faults(one, others=others, pathogen=messages.COVID, today=TODAY)


def table(*entries):
    return Context(
        pathogen=messages.COVID, transcoding=Transcoding({(LAB, *one[:2]): one[2] for one in entries})
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (line(), []),
        (line(kind=Kind.RESULT, source="TRACES", target="I"), []),
        (line(source=""), [Fault.EMPTY]),
        (line(source="x" * 101), [Fault.LONG]),
        (line(target="94500-7"), [Fault.KEY]),
        (line(target="PCR"), [Fault.KEY]),
        (line(target="718-7"), [Fault.NOT_PUBLISHED]),
        (line(target=GENE), [Fault.NOT_PUBLISHED]),
        (line(target=PANEL), [Fault.NOT_PUBLISHED]),
        (line(source="718-7"), [Fault.KNOWN]),
        (line(kind=Kind.RESULT, source="POSITIF", target="N"), [Fault.KNOWN]),
        (line(kind=Kind.RESULT, source="840533007", target="P"), [Fault.KNOWN]),
        (line(kind=Kind.RESULT, source="TRACES", target="Z"), [Fault.LETTER]),
        (line(since=TODAY - timedelta(days=1)), [Fault.PAST]),
        (line(source="", target=""), [Fault.EMPTY, Fault.KEY]),
    ],
)
def test_everything_that_keeps_a_line_from_the_table_is_said(one, said):
    assert faults(one) == said


def test_two_lines_never_say_different_things_on_one_day():
    later = TODAY + timedelta(days=10)
    assert faults(line(target="94558-4"), line()) == [Fault.CONFLICT]
    assert faults(line(), line()) == [Fault.REPEAT]
    assert faults(line(target="94558-4", since=later), line(until=later)) == []
    assert faults(line(target="94558-4"), line(since=later)) == [Fault.CONFLICT]
    assert faults(line(target="94558-4", until=later), line(since=later)) == []


def test_a_line_holds_from_its_day_until_its_end():
    one = line(until=TODAY + timedelta(days=2))
    assert [one.holds_on(TODAY + timedelta(days=n)) for n in (-1, 0, 1, 2)] == [False, True, True, False]


def test_a_name_is_not_shown_before_it_was_met_often():
    for code in ("CV19", "PCR-COV2", "NFE 020"):
        assert rules.is_shown(code, messages=1)
    for other in ("MARTIN", "DUPONT MARIE", "2790351215189", "28031979", "0639981234", "21048BC000020"):
        assert not rules.is_shown(other, messages=rules.SHOWN_AFTER - 1)
        assert rules.is_shown(other, messages=rules.SHOWN_AFTER)


def test_codes_keep_their_case_and_words_do_not():
    assert rules.written(Kind.ANALYSIS, " nfe   020 ") == "nfe 020"
    assert rules.written(Kind.RESULT, "Présence  de Traces.") == "PRESENCE DE TRACES"


def test_a_laboratorys_code_and_words_are_read_by_its_table():
    context = table((Kind.ANALYSIS, "CV19", PCR), (Kind.RESULT, "PRES", "P"))
    report = messages.report(messages.hl7(LOCAL), context)
    assert (report.loinc, report.analysis_code, report.raw_result) == (PCR, "CV19", "PRES")
    assert report.result is Result.POSITIVE
    assert messages.judged(messages.hl7(LOCAL), context).outcome is Outcome.ACCEPTED


def test_another_laboratorys_table_says_nothing():
    elsewhere = Transcoding({("750712184", Kind.ANALYSIS, "CV19"): PCR})
    context = Context(pathogen=messages.COVID, transcoding=elsewhere)
    assert messages.item(messages.hl7(LOCAL), context).reports == ()


def test_the_sender_is_found_where_the_first_field_does_not_name_it():
    context = table((Kind.ANALYSIS, "CV19", PCR), (Kind.RESULT, "PRES", "P"))
    report = messages.report(messages.hl7(LOCAL, ("|690001235|SIDEP", "|LBM EXEMPLE|SIDEP")), context)
    assert (report.laboratory.finess, report.loinc) == (LAB, PCR)


def test_words_of_an_hprim_message_are_read_too():
    payload = messages.hprim(("94500-6|C|P|", "CV19|C|Présence de traces|"))
    context = table((Kind.ANALYSIS, "CV19", PCR), (Kind.RESULT, "PRESENCE DE TRACES", "I"))
    report = messages.report(payload, context)
    assert (report.loinc, report.result) == (PCR, Result.UNINTERPRETABLE)
    assert messages.report(payload).result is None


def test_what_everybody_knows_is_never_translated():
    """A line that should not be there changes neither a LOINC code nor a word of the common table."""
    context = table((Kind.ANALYSIS, "718-7", PCR), (Kind.RESULT, "NEGATIF", "P"))
    other = messages.hl7(("94500-6^SARS-CoV-2 RT-PCR^LN||", "718-7^Hemoglobine^LN||"))
    assert messages.item(other, context).reports == ()
    known = messages.hprim(("|C|P|", "|C|NEGATIF|"))
    assert messages.report(known, context).result is Result.NEGATIVE
