"""What the committee reads: everything small hidden, in every form that it is written in."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
from django.utils import translation

from rempart.protection.oversight import charts, documents
from rempart.protection.oversight.report import Row, report
from rempart.protection.oversight.rules import STATES, Measure, Quarter
from rempart.protection.oversight.services.reading import Figures

QUARTER = Quarter(year=2026, number=4)
AT = datetime(2027, 1, 2, 3, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_french():
    with translation.override("fr"):
        yield


def figures(counted: dict[tuple[Measure, str, str], int], *, day: date = date(2026, 11, 18)) -> Figures:
    """Figures of one week, from (measure, category, region)."""
    monday = day - timedelta(days=day.weekday())
    by_category, by_region, by_week = {}, {}, {}
    for (measure, category, region), value in counted.items():
        by_category.setdefault(measure, Counter())[category] += value
        by_region.setdefault((measure, category), Counter())[region] += value
        if measure not in STATES:
            by_week.setdefault((measure, category), Counter())[monday] += value
    return Figures(
        first=QUARTER.first, last=QUARTER.last, by_category=by_category, by_region=by_region, by_week=by_week,
        counted_at=AT, days=92,
    )  # fmt: skip


SOME = figures(
    {
        (Measure.RECEPTION, "12", "11"): 700, (Measure.RECEPTION, "48", "11"): 300, (Measure.RECEPTION, "later", "84"): 3,
        (Measure.CALLING, "4", "11"): 90, (Measure.CALLING, "waiting", "11"): 10, (Measure.CALLING, "withdrawn", "11"): 7,
        (Measure.CALLING, "12", "84"): 12,
        (Measure.ACCESSES, "investigator", "11"): 1234, (Measure.ACCESSES, "data-protection", ""): 2,
        (Measure.GLASS, "unjustified", "11"): 1, (Measure.GLASS, "justified", "11"): 2,
        (Measure.ACCOUNTS, "investigator", "11"): 40, (Measure.ANSWERED, "late", ""): 2, (Measure.ANSWERED, "in-time", ""): 38,
    }
)  # fmt: skip


def section(found, key):
    return next(one for one in found.sections if one.key == key)


def figure(found, key, name):
    return next(one.value for one in section(found, key).figures if one.key == name)


def rows(found, key, name):
    return {row.label: row.value for row in next(s for s in section(found, key).series if s.key == name).rows}


def test_shares_are_of_what_they_say():
    found = report(SOME)
    assert figure(found, "delays", "received-24h") == 70
    assert figure(found, "effect", "called-24h") == round(
        100 * 102 / 112
    )  # withdrawn cases were not to be called
    assert figure(found, "requests", "answered-in-time") == 95
    assert figure(found, "use", "reception") == 1003


def test_small_counts_are_hidden_and_what_would_tell_them_with_them():
    found = report(SOME)
    assert rows(found, "accesses", "accesses-role") == {
        "Enquêteur (Assurance maladie)": None,
        "Délégué à la protection des données": None,
    }
    assert rows(found, "delays", "reception")["plus de 72 heures"] is None
    assert rows(found, "delays", "reception")["12 heures au plus"] == 700


def test_a_region_with_too_few_cases_has_no_share():
    shares = rows(report(SOME), "effect", "called-24h-region")
    assert shares == {"Île-de-France": 90, "Auvergne-Rhône-Alpes": None}


def test_nothing_hidden_is_in_any_form_of_the_report():
    small = figures({(Measure.ACCESSES, "doctor", "11"): 3, (Measure.ACCESSES, "investigator", "11"): 4321})
    found = report(small)
    written = documents.as_csv(found) + documents.as_json(found) + text_of(pdf_of(found))
    assert "4321" not in "".join(written.split())
    assert "4324" in "".join(written.split()), "the total is shown"


def pdf_of(found, quarter=QUARTER):
    return documents.as_pdf(found, quarter=quarter, issuer="Ministère des essais")


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_report_is_a_tagged_document_that_says_its_period():
    pdf = pdf_of(report(SOME))
    text = text_of(pdf)
    assert "Rapport trimestriel au comité de contrôle" in text
    assert "4e trimestre 2026, du 1er octobre 2026 au 31 décembre 2026" in text
    assert "Ministère des essais" in text
    assert "Cas appelés dans les 24 heures" in text
    assert b"pdfuaid:part" in pdf
    assert b"/Lang" in pdf


def test_the_same_figures_give_the_same_bytes():
    assert pdf_of(report(SOME)) == pdf_of(report(SOME))
    assert documents.as_csv(report(SOME)) == documents.as_csv(report(SOME))
    assert documents.as_json(report(SOME)) == documents.as_json(report(SOME))


def test_an_empty_quarter_has_a_report_too():
    empty = Figures(
        first=QUARTER.first,
        last=QUARTER.last,
        by_category={},
        by_region={},
        by_week={},
        counted_at=None,
        days=0,
    )
    assert "Aucun jour n’a encore été compté." in text_of(pdf_of(report(empty)))


def test_csv_and_json_say_the_same():
    found = report(SOME)
    lines = list(csv.reader(io.StringIO(documents.as_csv(found)), delimiter=";"))
    assert tuple(lines[0]) == documents.COLUMNS
    said = json.loads(documents.as_json(found))
    for part, name, category, value, _ in lines[1:]:
        expected = int(value) if value else None
        if category:
            series = said["sections"][part]["series"][name]
            assert {"category": category, "value": expected} in series
        else:
            assert said["sections"][part]["figures"][name] == expected


def test_columns_stand_side_by_side_within_their_chart():
    weeks = [
        Row(label="", value=value, monday=date(2026, 10, 5) + timedelta(days=7 * n))
        for n, value in enumerate([0, 12, None, 1000])
    ]
    laid = charts.columns(weeks)
    assert [column.height for column in laid.columns][::2] == [0.0, 0.0]
    assert laid.columns[3].y >= 0
    assert all(a.x + a.width <= b.x for a, b in zip(laid.columns, laid.columns[1:], strict=False))
    assert laid.ticks[-1].value >= 1000
