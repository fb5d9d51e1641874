"""The committee's pages: a quarter's figures, drawn; its report and its data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from rempart.foundation.access.actor import Actor
from rempart.protection.oversight import charts, documents
from rempart.protection.oversight.report import Report, Section, Shape, explanation, report
from rempart.protection.oversight.rules import Quarter
from rempart.protection.oversight.services.counting import today
from rempart.protection.oversight.services.reading import figures

_QUARTERS = 8  # to choose from


@require_safe
def oversight(request: HttpRequest) -> HttpResponse:
    """The quarter asked for, or the present one."""
    quarter = _quarter(request)
    choices = [Quarter.of(today(_now(request)))]
    while len(choices) < _QUARTERS:
        choices.append(choices[-1].previous)
    found = _report(request, quarter)
    context = {
        "report": found,
        "quarter": quarter,
        "title": documents.title_of(quarter),
        "choices": [(str(choice), documents.title_of(choice)) for choice in choices],
        "sections": [_drawn(section) for section in found.sections],
        "explanation": explanation(),
        "pdf_address": f"{reverse('oversight-report')}?trimestre={quarter}",
    }
    return render(request, "oversight/oversight.html", context)


@require_safe
def report_pdf(request: HttpRequest) -> HttpResponse:
    """The quarter's report: in French, whatever the reader's language, for it is a document of record."""
    quarter = _quarter(request)
    with translation.override("fr"):
        pdf = documents.as_pdf(_report(request, quarter), quarter=quarter, issuer=issuer())
    return _file(pdf, "application/pdf", f"rapport-{quarter}.pdf")


@require_safe
def data_csv(request: HttpRequest) -> HttpResponse:
    return _data(request, documents.as_csv, "text/csv; charset=utf-8", "csv")


@require_safe
def data_json(request: HttpRequest) -> HttpResponse:
    return _data(request, documents.as_json, "application/json", "json")


def issuer() -> str:
    """Who publishes the report: the brand of the deployment."""
    return " ".join(line for line in settings.BRAND.split("|") if line) or "Rempart"


def _data(request: HttpRequest, written: Callable[[Report], str], kind: str, ending: str) -> HttpResponse:
    quarter = _quarter(request)
    with translation.override("fr"):
        text = written(_report(request, quarter))
    return _file(text.encode(), kind, f"rapport-{quarter}.{ending}")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _report(request: HttpRequest, quarter: Quarter) -> Report:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return report(figures(actor=actor, first=quarter.first, last=quarter.last))


def _quarter(request: HttpRequest) -> Quarter:
    """What cannot be read is as if it had not been asked."""
    try:
        return Quarter.parse(request.GET.get("trimestre", ""))
    except ValueError:
        return Quarter.of(today(_now(request)))


def _drawn(section: Section) -> dict[str, Any]:
    """A section with the layout of its charts."""
    series = [
        (one, charts.columns(one.rows) if one.shape is Shape.WEEKS else None)
        for one in section.series
        if one.rows
    ]
    return {"section": section, "series": series}


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
