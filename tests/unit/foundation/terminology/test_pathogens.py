from datetime import date
from pathlib import Path

import pytest

from rempart.foundation import terminology
from rempart.foundation.terminology import Kind, PathogenError, load_pathogen, loinc

INVENTED = Path(__file__).parents[3] / "data" / "pathogens" / "marsh_fever.toml"


def test_covid19_knows_its_analyses():
    covid = terminology.pathogen("covid19")
    pcr = covid.analyses["94500-6"]
    assert (pcr.kind, pcr.published, pcr.certificate) == (Kind.NAAT, True, "LP6464-4")
    antigen = covid.analyses["94558-4"]
    assert (antigen.kind, antigen.published, antigen.certificate) == (Kind.ANTIGEN, True, "LP217198-3")
    assert covid.analysis("94533-7").kind is Kind.COMPONENT
    assert covid.analysis("80382-5") is None  # influenza A
    assert covid.label_pattern.search("DETECTION DU SARS CoV-2 PAR RT-PCR")
    assert not covid.label_pattern.search("Glycémie à jeun")
    assert "840533007" in covid.not_results


def test_what_is_published_is_a_result_and_what_gives_a_certificate_is_published():
    covid = terminology.pathogen("covid19")
    for analysis in covid.analyses.values():
        assert analysis.published == (analysis.kind in (Kind.NAAT, Kind.ANTIGEN, Kind.SEROLOGY)), analysis
        assert analysis.label_fr
        assert analysis.label_en
        expected = {Kind.NAAT: "LP6464-4", Kind.ANTIGEN: "LP217198-3"}.get(analysis.kind, "")
        assert analysis.certificate == expected


def test_only_positive_and_negative_have_an_eu_result():
    results = terminology.pathogen("covid19").results
    assert {k: r.eu_result for k, r in results.items()} == {
        "P": "260373001",
        "N": "260415000",
        "I": "",
        "X": "",
    }
    assert all(r.advice_fr and r.advice_en and r.advice for r in results.values())


def test_a_positive_serology_does_not_tell_anybody_that_he_is_contagious():
    covid = terminology.pathogen("covid19")
    tested, past = covid.meaning("P", Kind.NAAT), covid.meaning("P", Kind.SEROLOGY)
    assert tested is covid.results["P"]
    assert past.label_fr == "Positif"
    assert "anticorps" in past.advice_fr[0]
    assert not any("Isolez-vous dès maintenant" in text for text in past.advice_fr)
    assert covid.meaning("X", Kind.SEROLOGY) is covid.results["X"]


def test_every_published_analysis_is_dated_and_screening_knows_its_days():
    covid = terminology.pathogen("covid19")
    assert all(a.since > date.min for a in covid.analyses.values() if a.published)
    assert {a.kind for a in covid.analyses.values() if a.screened} == {Kind.NAAT}
    asked = {
        day: "".join(marker.code for marker in covid.screening.asked_on(day))
        for day in (date(2021, 1, 22), date(2021, 5, 30), date(2021, 5, 31), date(2021, 12, 20))
    }
    assert list(asked.values()) == ["", "V1V23", "ABC", "ACD"]


@pytest.mark.parametrize(
    ("day", "positive", "negative", "antigen_makes_a_case"),
    [
        (date(2020, 1, 1), 90, 90, False),  # before any policy: the first one
        (date(2020, 5, 11), 90, 90, False),
        (date(2020, 11, 15), 90, 90, False),
        (date(2020, 11, 16), 90, 90, True),
        (date(2021, 8, 5), 90, 90, True),
        (date(2021, 8, 6), 180, 90, True),
        (date(2026, 11, 21), 180, 90, True),
    ],
)
def test_the_policy_is_that_of_the_day(day, positive, negative, antigen_makes_a_case):
    policy = terminology.pathogen("covid19").policy_on(day)
    assert policy.retention_days["P"] == positive
    assert policy.retention_days["N"] == negative
    assert (Kind.ANTIGEN in policy.case_kinds) is antigen_makes_a_case


def test_another_pathogen_is_another_file():
    fever = load_pathogen(INVENTED)
    assert fever.name == "marsh_fever"
    assert set(fever.analyses) == {"99001-0", "99002-8"}
    assert fever.label_pattern.search("Marais, sérologie")
    assert fever.results["P"].advice_fr == ("Restez au sec.",)
    assert fever.meaning("P", Kind.SEROLOGY) is fever.results["P"]
    assert (fever.screening.markers, fever.analyses["99001-0"].since) == ({}, date.min)
    first, later = fever.policies
    assert fever.policy_on(date(2031, 5, 31)) is first
    assert fever.policy_on(date(2031, 6, 1)) is later
    assert later.sampling_age_limit_days == 7
    assert later.retention_days == first.retention_days  # left out: as before


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(LookupError, match="covid19"):
        terminology.pathogen("../covid19")


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('"99001-0"', '"99001-1"', "check digit"),
        ('"99001-0"', '"99002-8"', "twice"),
        ('kind = "component"', 'kind = "magic"', "magic"),
        ('disease_agent = "999999999"', "", "disease_agent"),
        ("X = 1", "Y = 1", "retention_days"),
        ("(?i)marsh|marais", "(marsh", "unterminated"),
        ("[result.X]", "[result.Z]", "exactly P, N, I, X"),
        ('name = "marsh_fever"', "name = ", "Invalid value"),
    ],
)
def test_a_faulty_file_says_where(tmp_path, was, becomes, says):
    text = INVENTED.read_text("utf-8")
    assert was in text
    faulty = tmp_path / "faulty.toml"
    faulty.write_text(text.replace(was, becomes), "utf-8")
    with pytest.raises(PathogenError, match=says) as caught:
        load_pathogen(faulty)
    assert "faulty.toml" in str(caught.value)


@pytest.mark.parametrize(
    "code", ["94500-6", "94558-4", "11502-2", "96173-0", "95419-8", "75617-1", "30525-0"]
)
def test_loinc_codes(code):
    assert loinc.is_valid(code)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert loinc.looks_like_one(wrong)
    assert not loinc.is_valid(wrong)


@pytest.mark.parametrize("code", ["", "94500", "94500-66", "SRC-1", "9450٠-6", "94500-6 "])
def test_what_is_no_loinc_code(code):
    assert not loinc.is_valid(code)
