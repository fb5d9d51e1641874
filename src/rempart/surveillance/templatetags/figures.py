"""Numbers as people read them in their language: `{% load figures %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()

NO_FIGURE = "–"


@register.filter
def whole(value: float | None) -> str:
    """1234567 → 1 234 567."""
    return NO_FIGURE if value is None else number_format(round(value), decimal_pos=0, force_grouping=True)


@register.filter
def tenth(value: float | None) -> str:
    """1234.56 → 1 234,6."""
    return NO_FIGURE if value is None else number_format(round(value, 1), decimal_pos=1, force_grouping=True)


@register.filter
def plain(value: float) -> str:
    """A value of an axis or a class, without needless decimals: 2.5 → 2,5 and 20.0 → 20."""
    return number_format(Decimal(f"{value:g}"), force_grouping=True) if value < 1000 else whole(value)
