"""The public page of the epidemic: key figures, the curve and the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from rempart.foundation import territories
from rempart.surveillance import charts, rules, services
from rempart.surveillance.api import COLUMNS, current
from rempart.surveillance.rules import CONSOLIDATION, NATION, Count, Measure
from rempart.surveillance.services import Figures
from rempart.surveillance.templatetags.figures import plain, tenth, whole

PERIODS = (30, 90, 180, 365)
_HIGHEST = 5  # departments named beside the map
_WIDE, _NARROW = 960, 420  # view boxes of the curve for a screen and for a phone


def _unasked() -> Measure:
    """What the map shows first. A demo's few thousand persons are no incidence among the State's millions."""
    return Measure.POSITIVITY if settings.DEMO else Measure.INCIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the reader asked for; whatever cannot be read is as if it had not been asked."""

    department: str = NATION
    measure: Measure = field(default_factory=_unasked)
    period: int = 90
    until: date | None = None
    live: bool = True

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Choice:
        department = asked.get("departement", "")
        period = asked.get("periode", "")
        try:
            until = date.fromisoformat(asked.get("au", ""))
        except ValueError:
            until = None
        return cls(
            department=department if department in territories.departments() else NATION,
            measure=next((one for one in Measure if one == asked.get("carte")), _unasked()),
            period=next((days for days in PERIODS if str(days) == period), 90),
            until=until,
            live=asked.get("direct") != "non",
        )

    def query(self, **changes: Any) -> str:
        """The query string that asks the same again."""
        values: dict[str, Any] = {
            "departement": self.department,
            "carte": "" if self.measure is _unasked() else self.measure.value,
            "periode": "" if self.period == 90 else self.period,
            "au": self.until or "",
            "direct": "" if self.live else "non",
        } | changes
        return urlencode({name: value for name, value in values.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    label: str
    value: str
    detail: str
    direction: str  # up, down, level, or empty when there is nothing to compare with


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A department on the map and in its table."""

    code: str
    name: str
    path: str  # empty where the map has no shape
    chosen: bool
    week: Count
    incidence: float | None
    value: float | None  # of the measure shown; None without a test or without inhabitants


@require_safe
@gzip_page
def indicators(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    choice = Choice.read(request.GET)
    figures = current(request)
    context = _situation(figures, choice) | {
        "choice": choice,
        "departments": territories.departments().values(),
        "periods": PERIODS,
        "measures": Measure,
        "columns": COLUMNS,
        "csv_query": urlencode({"departement": choice.department}) if choice.department else "",
    }
    response = render(request, "surveillance/indicators.html", context)
    patch_cache_control(response, no_cache=True, private=True)
    return response


@require_safe
@gzip_page
def fresh_figures(request: HttpRequest) -> HttpResponse:
    """The parts of the page that move, for htmx; 204 when the reader has them already."""
    choice = Choice.read(request.GET)
    figures = current(request)
    if request.GET.get("vu") == figures.version:
        response = HttpResponse(status=204)
    else:
        response = render(request, "surveillance/_figures.html", _situation(figures, choice))
    patch_cache_control(response, public=True, max_age=2)
    return response


def _situation(figures: Figures, choice: Choice) -> dict[str, Any]:
    """Everything the moving parts show."""
    situation: dict[str, Any] = {
        "version": figures.version,
        "fresh_query": choice.query(vu=figures.version),
        "pause_query": choice.query(direct="non"),
        "resume_query": choice.query(direct=""),
        "choice": choice,
        "territory": _name(choice.department),
        "map": territories.shapes(),
    }
    if figures.first is None or figures.last is None:
        return situation | {"empty": True}
    last = min(max(choice.until or figures.last, figures.first), figures.last)
    first = max(figures.first, last - timedelta(days=choice.period - 1))
    days = figures.days(choice.department, first=first, last=last)
    provisional = figures.today - timedelta(days=CONSOLIDATION - 1)
    places = _places(figures, choice, last)
    bounds = rules.bounds_for(choice.measure, _reached(places))
    return situation | {
        "last": last,
        "week_first": last - timedelta(days=rules.WINDOW - 1),
        "provisional": last >= provisional,
        "key_figures": _key_figures(figures, choice.department, last),
        "wide": charts.curve(days, width=_WIDE, provisional_from=provisional),
        "narrow": charts.curve(days, width=_NARROW, provisional_from=provisional),
        "days": tuple(reversed(days)),
        "places": [
            (place, charts.shade(rules.class_of(place.value, bounds), len(bounds))) for place in places
        ],
        "highest": sorted(
            (place for place in places if place.value), key=lambda place: place.value or 0, reverse=True
        )[:_HIGHEST],
        "legend": _legend(bounds),
        "untested": any(place.value is None and place.path for place in places),
    }


def _name(territory: str) -> str:
    return territories.department(territory).name if territory else _("France entière")


def _key_figures(figures: Figures, territory: str, last: date) -> tuple[Figure, ...]:
    now = figures.week(territory, ending=last)
    before = figures.week(territory, ending=last - timedelta(days=rules.WINDOW))
    inhabitants = services.population(territory)
    rate, rate_before = now.positivity, before.positivity
    moved = None if rate is None or rate_before is None else rate - rate_before
    return (
        _figure(_("Tests en 7 jours"), whole(now.tests), rules.change(now.tests, before.tests)),
        _figure(
            _("Tests positifs en 7 jours"),
            whole(now.positives),
            rules.change(now.positives, before.positives),
        ),
        _figure(
            _("Positivité sur 7 jours"),
            f"{tenth(rate)} %" if rate is not None else tenth(None),
            moved,
            unit=_("points") if abs(moved or 0) >= 2 else _("point"),
        ),
        _figure(
            _("Incidence pour 100 000 habitants"),
            tenth(now.incidence(inhabitants)),
            rules.change(now.incidence(inhabitants), before.incidence(inhabitants)),
        ),
    )


def _figure(label: str, value: str, moved: float | None, unit: str = "%") -> Figure:
    if moved is None:
        return Figure(label=label, value=value, detail=_("pas de semaine à comparer"), direction="")
    shown = round(moved, 1)
    direction = "up" if shown > 0 else "down" if shown < 0 else "level"
    sign = "+" if shown > 0 else "−" if shown < 0 else ""
    detail = _("%(change)s %(unit)s en une semaine") % {"change": f"{sign}{tenth(abs(shown))}", "unit": unit}
    return Figure(label=label, value=value, detail=detail, direction=direction)


def _places(figures: Figures, choice: Choice, last: date) -> tuple[Place, ...]:
    paths = {shape.code: shape.path for shape in territories.shapes().shapes}
    weeks = {code: figures.week(code, ending=last) for code in territories.departments()}
    return tuple(
        Place(
            code=code,
            name=territories.department(code).name,
            path=paths.get(code, ""),
            chosen=code == choice.department,
            week=week,
            incidence=(incidence := week.incidence(services.population(code)) if week.tests else None),
            value=incidence if choice.measure is Measure.INCIDENCE else week.positivity,
        )
        for code, week in weeks.items()
    )


def _reached(places: Sequence[Place]) -> float:
    """The value that a tenth of the departments on the map reach, those without a positive test left out."""
    values = sorted((place.value for place in places if place.path and place.value), reverse=True)
    return values[len(values) // 10] if values else 0


def _legend(bounds: Sequence[float]) -> tuple[tuple[int | None, str], ...]:
    """Shade and text of each class, lightest first."""
    uppers = (*bounds[1:], None)
    texts = [
        _("%(low)s et plus") % {"low": plain(low)}
        if high is None
        else _("%(low)s à moins de %(high)s") % {"low": plain(low), "high": plain(high)}
        for low, high in zip(bounds, uppers, strict=True)
    ]
    return tuple((charts.shade(rank, len(bounds)), text) for rank, text in enumerate(texts))
