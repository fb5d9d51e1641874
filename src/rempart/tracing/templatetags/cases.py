"""What the lists and files of cases show: `{% load cases %}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.timesince import timesince
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from rempart.screening.rules.report import Residence, Symptoms
from rempart.tracing.models import Case
from rempart.tracing.services.worklist import Line

register = template.Library()

_IN_MONTHS = 24
"""Months below which an age is said in months."""


@register.inclusion_tag("tracing/cases_table.html")
def cases_table(
    lines: Sequence[Line], caption: str, analyses: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Cases in lines: who, since when, what matters for the call."""
    rows = [
        {
            "case": line.case,
            "identity": line.identity,
            "analysis": analyses.get(line.case.kind, line.case.kind),
        }
        for line in lines
    ]
    return {"rows": rows, "caption": caption, "now": now}


@register.inclusion_tag("tracing/to_know.html")
def to_know(case: Case, small: bool = True) -> dict[str, bool]:
    """What changes the order or the tone of a call, as badges."""
    return {
        "care_home": Residence.CARE_HOME.value in case.residence,
        "health_worker": bool(case.health_worker),
        "small": small,
        "symptomatic": case.symptoms not in ("", Symptoms.NONE.value, Symptoms.UNKNOWN.value),
    }


@register.filter
def age(born: date, now: datetime) -> str:
    """1941-06-14 → 85 ans; in months below two years, as for infants."""
    today = localdate(now)
    months = 12 * (today.year - born.year) + today.month - born.month - (today.day < born.day)
    if months < _IN_MONTHS:
        return _("%(months)d mois") % {"months": max(months, 0)}
    return _("%(years)d ans") % {"years": months // 12}


@register.filter
def ago(at: datetime, now: datetime) -> str:
    """How long ago, in one unit: il y a 3 heures."""
    if (now - at).total_seconds() < 60:
        return _("à l’instant")
    return _("il y a %(delay)s") % {"delay": timesince(at, now, depth=1)}
