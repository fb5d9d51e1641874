"""What goes out as FHIR or CDA comes back as the same report, judged without a remark on its form."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import messages

from rempart.foundation.database.keys import uuid7
from rempart.foundation.identifiers import luhn
from rempart.screening.formats import cda, fhir
from rempart.screening.formats.exports import Exported
from rempart.screening.rules.report import (
    Address,
    Document,
    Laboratory,
    Moment,
    Person,
    Practitioner,
    Precision,
    Report,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)

KEY = uuid7()
PDF = messages.report(messages.cda()).documents[0].content
PARIS = ZoneInfo("Europe/Paris")
WORDS = st.text(st.characters(categories=["L", "N"], include_characters="-'"), min_size=1, max_size=12)
NAMES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
DIGITS = st.text("0123456789", min_size=7, max_size=7)
COARSE = {
    Precision.YEAR: {"month": 1, "day": 1},
    Precision.MONTH: {"day": 1},
    Precision.DAY: {},
}


def maybe(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), values)


@st.composite
def moments(draw: st.DrawFn, *precisions: Precision) -> Moment:
    at = draw(st.datetimes(datetime(2020, 5, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 -- a zone is given below
    precision = draw(st.sampled_from(precisions))
    if precision in COARSE:
        at = at.replace(hour=0, minute=0, second=0, microsecond=0, **COARSE[precision])
        return Moment(at=at.replace(tzinfo=PARIS), precision=precision)
    at = at.replace(microsecond=0, second=at.second if precision is Precision.SECOND else 0)
    at = at.replace(minute=0) if precision is Precision.HOUR else at
    return Moment(
        at=at.replace(tzinfo=timezone(timedelta(hours=draw(st.integers(-11, 12))))), precision=precision
    )


@st.composite
def persons(draw: st.DrawFn) -> Person:
    reachable = draw(st.booleans())
    mobile = draw(DIGITS.map(lambda number: f"06{number}0"))
    return Person(
        birth_name=draw(NAMES),
        used_name=draw(maybe(NAMES)),
        first_names=(draw(NAMES), *draw(st.lists(WORDS, max_size=2))),
        sex=draw(st.sampled_from([*Sex, None])),
        birth_date=draw(st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2030, 1, 1)))),
        birth_place=draw(maybe(st.just("51215"))),
        local_id=draw(maybe(WORDS)),
        address=Address(
            lines=tuple(draw(st.lists(NAMES, max_size=2))),
            postal_code=draw(maybe(st.just("75007"))),
            city=draw(maybe(NAMES)),
            country=draw(maybe(st.just("FRA"))) if reachable else "",
        ),
        phone=draw(maybe(DIGITS.map(lambda number: f"01{number}0"))),
        mobile=mobile if reachable else "",
        email=draw(maybe(st.just("somebody@example.org"))) if reachable else "",
        relative_mobile=draw(maybe(st.just("0711111111"))) if not reachable else "",
        relative_email=draw(maybe(st.just("other@example.org"))) if not reachable else "",
    )


def rpps(number: str) -> str:
    body = f"101{number}"
    return body + luhn.key(body)


PRACTITIONERS = st.one_of(
    st.just(Practitioner()),
    st.builds(Practitioner, rpps=DIGITS.map(rpps), name=maybe(NAMES)),
    st.builds(Practitioner, name=NAMES),
)


@st.composite
def reports(draw: st.DrawFn, *validated: Precision) -> Report:
    result = draw(st.sampled_from(Result))
    letters = draw(st.booleans()) and result is Result.POSITIVE
    return Report(
        laboratory=Laboratory(finess="690001235", name=draw(NAMES)),
        record_number=draw(WORDS),
        person=draw(persons()),
        analysis_code="94500-6",
        analysis_label=draw(maybe(NAMES)),
        loinc="94500-6",
        result=result,
        status=draw(st.sampled_from(Status)),
        sampled_at=draw(moments(*COARSE, Precision.MINUTE, Precision.SECOND)),
        validated_at=draw(st.one_of(st.none(), moments(*validated))),
        prescriber=draw(PRACTITIONERS),
        general_practitioner=draw(PRACTITIONERS),
        residence=tuple(draw(st.lists(st.sampled_from(Residence), unique=True, max_size=2))),
        health_worker=draw(st.sampled_from([True, False, None])),
        symptoms=draw(st.sampled_from([*Symptoms, None])),
        variants=(("A", "0"), ("B", "8"), ("C", "1"), ("D", "0")) if letters else (),
        screened_at=draw(moments(Precision.DAY, Precision.SECOND)) if letters else None,
        specimen=draw(st.one_of(st.just(""), st.just("258500001"), NAMES)),
        device=draw(maybe(st.just("1232"))),
        documents=tuple(
            draw(
                st.lists(st.just(Document(media_type="application/pdf", content=PDF, title="CR")), max_size=1)
            )
        ),
    )


def comes_back(report: Report, format_: ModuleType, version: int = 1) -> Report:
    """The report that our own decoder reads in what our own encoder wrote."""
    exported = Exported(
        report=report, result_id=KEY, version=version, made_at=messages.NOW, qualified=bool(report.person.ins)
    )
    (item,) = format_.decode(format_.encode(exported), context=messages.FRENCH)
    missing_copy = [("C06", "ClinicalDocument/component/structuredBody")] if not report.documents else []
    assert [f for f in item.findings if (f.code, f.location) not in missing_copy] == []
    (back,) = item.reports
    return back


def same(report: Report) -> Report:
    """Without what no format is asked to keep: where it stood, and the word the sender had for the result."""
    return replace(report, location="", raw_result="")


def to_the_second(moment: Moment | None) -> Moment | None:
    """A time of FHIR has seconds."""
    return (
        replace(moment, precision=Precision.SECOND)
        if moment and moment.precision is Precision.MINUTE
        else moment
    )


@given(report=reports(Precision.MINUTE, Precision.SECOND))
@settings(deadline=None, max_examples=60)
def test_fhir_comes_back_as_the_same_report(report: Report) -> None:
    expected = replace(
        report, sampled_at=to_the_second(report.sampled_at), validated_at=to_the_second(report.validated_at)
    )
    assert same(comes_back(report, fhir)) == expected


@given(report=reports(*COARSE, Precision.HOUR, Precision.MINUTE, Precision.SECOND))
@settings(deadline=None, max_examples=60)
def test_cda_comes_back_as_the_same_report(report: Report) -> None:
    version = 2 if report.status is Status.CORRECTED else 1
    assert same(comes_back(report, cda, version)) == report


@pytest.mark.parametrize("format_", [cda, fhir])
@pytest.mark.parametrize("sample", ["cr-bio", "bio-trod"])
def test_the_samples_of_the_guide_come_back_with_their_matricule(format_: ModuleType, sample: str) -> None:
    report = messages.report(messages.cda(sample=sample))
    assert same(comes_back(report, format_)) == same(report)


@pytest.mark.parametrize("format_", [cda, fhir])
def test_the_matricule_of_an_identity_that_nobody_confirmed_stays_here(format_: ModuleType) -> None:
    report = messages.report(messages.cda())
    exported = Exported(report=report, result_id=KEY, version=1, made_at=messages.NOW, qualified=False)
    assert b"279035121518989" not in format_.encode(exported)
    poor = replace(report, person=replace(report.person, birth_place=""))
    exported = Exported(report=poor, result_id=KEY, version=1, made_at=messages.NOW, qualified=True)
    assert b"279035121518989" not in format_.encode(exported)


@pytest.mark.parametrize("format_", [cda, fhir])
def test_the_same_result_is_the_same_bytes(format_: ModuleType) -> None:
    report = messages.report(messages.cda())
    exported = Exported(report=report, result_id=KEY, version=1, made_at=messages.NOW, qualified=True)
    assert format_.encode(exported) == format_.encode(exported)
    assert format_.encode(exported) != format_.encode(replace(exported, version=2))


@pytest.mark.parametrize("format_", [cda, fhir])
@given(text=st.text(max_size=30))
@settings(deadline=None, max_examples=60)
def test_any_text_of_a_sender_goes_out_as_text(format_: ModuleType, text: str) -> None:
    report = messages.report(messages.cda())
    report = replace(
        report, analysis_label=text, laboratory=replace(report.laboratory, name=text), raw_result=text
    )
    exported = Exported(report=report, result_id=KEY, version=1, made_at=messages.NOW, qualified=True)
    (item,) = format_.decode(format_.encode(exported), context=messages.FRENCH)
    assert len(item.reports) == 1


@given(report=reports(Precision.MINUTE, Precision.SECOND))
@settings(deadline=None, max_examples=40)
def test_what_goes_out_as_fhir_keeps_the_published_models(report: Report) -> None:
    exported = Exported(report=report, result_id=KEY, version=1, made_at=messages.NOW, qualified=True)
    Bundle.model_validate_json(fhir.encode(exported))


def test_the_sample_bundle_of_the_guide_keeps_the_published_models() -> None:
    Bundle.model_validate_json(messages.fhir())
