"""The figures for machines: the numbers of the public page, as CSV in the manner of the SI-DEP open data."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.timezone import localdate
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from rempart.foundation import territories
from rempart.surveillance import services
from rempart.surveillance.rules import NATION
from rempart.surveillance.services import Figures

COLUMNS = ("jour", "pop", "P", "T", "P_7j", "T_7j", "tp", "ti")
"""Day of sampling (ISO), inhabitants, positive tests, tests, both over the seven days that end with the day,
positivity (% of T_7j) and incidence (P_7j per 100,000 inhabitants); an empty rate could not be computed.
Before them `dep`, the department of residence, or `fra` (FR): the nation with tests of unknown department."""


def current(request: HttpRequest) -> Figures:
    """The figures at the time of the request; the civil day is the one of the State."""
    now: datetime = request.now  # type: ignore[attr-defined]  # set by the site's middleware
    return services.figures(root=settings.FACTS_ROOT, pathogen=settings.PATHOGEN, today=localdate(now))


def _etag(request: HttpRequest) -> str:
    return f'"{current(request).version}-{request.GET.urlencode()}"'


@require_safe
@gzip_page
@condition(etag_func=_etag)
def indicators_csv(request: HttpRequest) -> HttpResponse:
    """Every day and department; `?departement=59` for one, `?niveau=fra` for the nation."""
    figures = current(request)
    asked = request.GET.get("departement", "")
    if request.GET.get("niveau") == "fra":
        name, codes = "fra", [NATION]
    elif asked and asked not in territories.departments():
        return HttpResponse(
            f"departement={asked!r}: unknown code; INSEE codes are 01 to 95, 2A, 2B, 971 to 978\n",
            status=404,
            content_type="text/plain; charset=utf-8",
        )
    else:
        name = "dep"
        codes = [asked] if asked else [code for code in territories.departments() if code in figures.counts]
    response = HttpResponse(_table(figures, name, codes), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rempart-indicateurs-{name}.csv"'
    response["Access-Control-Allow-Origin"] = "*"
    patch_cache_control(response, public=True, max_age=30)
    return response


def _table(figures: Figures, name: str, codes: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow((name, *COLUMNS))
    if figures.first is None or figures.last is None:
        return text.getvalue()
    for code in codes:
        inhabitants = services.population(code)
        for day in figures.days(code, first=figures.first, last=figures.last):
            tp, ti = day.week.positivity, day.week.incidence(inhabitants)
            writer.writerow(
                (
                    code or "FR",
                    day.on.isoformat(),
                    round(inhabitants),
                    day.count.positives,
                    day.count.tests,
                    day.week.positives,
                    day.week.tests,
                    "" if tp is None else f"{tp:.2f}",
                    "" if ti is None else f"{ti:.2f}",
                )
            )
    return text.getvalue()
