"""A report as files: PDF for people, CSV and JSON for their tools. The same bytes for the same report."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from rempart.proofs.typesetting import typeset
from rempart.protection.oversight.report import Report, Series, Shape, explanation, written
from rempart.protection.oversight.rules import Quarter

COLUMNS = ("section", "figure", "category", "value", "unit")


def title_of(quarter: Quarter) -> str:
    """What a quarter is called: "4e trimestre 2026"."""
    names = {1: _("1er trimestre"), 2: _("2e trimestre"), 3: _("3e trimestre"), 4: _("4e trimestre")}
    return f"{names[quarter.number]} {quarter.year}"


def as_pdf(report: Report, *, quarter: Quarter, issuer: str) -> bytes:
    """The report as a page that can be signed and sent: PDF/A-2a and PDF/UA-1."""
    made = report.counted_at or datetime.combine(report.last, time(), UTC)
    counted = (
        _("Chiffres comptés le %(day)s.") % {"day": _day(localdate(report.counted_at))}
        if report.counted_at
        else _("Aucun jour n’a encore été compté.")
    )
    missing = (report.last - report.first).days + 1 - report.days
    if missing and report.counted_at:
        counted += " " + _("%(missing)s jours de la période ne sont pas comptés.") % {"missing": missing}
    data = {
        "issuer": issuer,
        "title": _("Rapport trimestriel au comité de contrôle"),
        "period": f"{title_of(quarter)}, {_from_to(report.first, report.last)}",
        "counted": counted,
        "explanation": explanation(),
        "date": [made.year, made.month, made.day],
        "number": _("Nombre"),
        "sections": [
            {
                "title": section.title,
                "text": section.text,
                "figures": [
                    [figure.label, written(figure.value, figure.unit), figure.detail]
                    for figure in section.figures
                ],
                "series": [_drawn(series) for series in section.series if series.rows],
            }
            for section in report.sections
        ],
    }
    return typeset(_template(), data, at=made)


def as_csv(report: Report) -> str:
    """Every figure, one a line, UTF-8 and semicolons; a hidden one is empty."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    for section in report.sections:
        for figure in section.figures:
            writer.writerow((section.key, figure.key, "", _cell(figure.value), figure.unit))
        for series in section.series:
            unit = "%" if series.shape is Shape.SHARES else ""
            for row in series.rows:
                label = row.monday.isoformat() if row.monday else row.label
                writer.writerow((section.key, series.key, label, _cell(row.value), unit))
    return out.getvalue()


def as_json(report: Report) -> str:
    """The same, as one object; a hidden figure is null."""
    said = {
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "days_counted": report.days,
        "counted_at": report.counted_at.astimezone(UTC).isoformat() if report.counted_at else None,
        "sections": {
            section.key: {
                "figures": {figure.key: figure.value for figure in section.figures},
                "series": {
                    series.key: [
                        {"category": row.monday.isoformat() if row.monday else row.label, "value": row.value}
                        for row in series.rows
                    ]
                    for series in section.series
                },
            }
            for section in report.sections
        },
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _drawn(series: Series) -> dict[str, object]:
    unit = "%" if series.shape is Shape.SHARES else ""
    return {
        "title": series.title,
        "heading": series.heading,
        "rows": [
            [
                row.label,
                written(row.value, unit),
                round((row.value or 0) / series.most, 4) if series.most else 0,
            ]
            for row in series.rows
        ],
    }


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)


def _from_to(first: date, last: date) -> str:
    return _("du %(first)s au %(last)s") % {
        "first": _day(first),
        "last": _day(last),
    }


def _day(day: date) -> str:
    text = date_format(day, "j F Y")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


@cache
def _template() -> bytes:
    return resources.files(__package__).joinpath("typst/report.typ").read_bytes()
