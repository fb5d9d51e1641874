"""The table of cases, wherever it is shown: `{% load cases %}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from rempart.screening.rules.report import Residence, Symptoms
from rempart.tracing.services.worklist import Line

register = template.Library()


@register.inclusion_tag("tracing/cases_table.html")
def cases_table(lines: Sequence[Line], caption: str, analyses: Mapping[str, str]) -> dict[str, Any]:
    """Cases in lines: who, since when, what matters for the call."""
    rows = [
        {
            "case": line.case,
            "identity": line.identity,
            "analysis": analyses.get(line.case.kind, line.case.kind),
            "care_home": Residence.CARE_HOME.value in line.case.residence,
            "symptomatic": line.case.symptoms not in ("", Symptoms.NONE.value, Symptoms.UNKNOWN.value),
        }
        for line in lines
    ]
    return {"rows": rows, "caption": caption}
