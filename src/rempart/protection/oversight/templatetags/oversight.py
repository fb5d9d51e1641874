"""Figures of the committee as its pages write them: `{% load oversight %}`."""

from __future__ import annotations

from django import template

from rempart.protection.oversight.report import Series, Shape
from rempart.protection.oversight.report import written as as_written

register = template.Library()


@register.filter
def written(value: int | None, unit: str = "") -> str:
    """12345 → 12 345; what is hidden says so."""
    return as_written(value, unit)


@register.filter
def unit(series: Series) -> str:
    return "%" if series.shape is Shape.SHARES else ""


@register.filter
def part(value: int | None, series: Series) -> str:
    """The length of a bar, of 100."""
    return f"{100 * (value or 0) / series.most:.1f}" if series.most else "0"
