"""The pieces every page is made of: `{% load components %}`.

A page reaches the look through these tags only. Each one renders `components/<name>.html`, which says at
its top what it takes; another theme replaces those files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

register = template.Library()

_RESULTS = {
    "P": (_("Positif"), "error"),
    "N": (_("Négatif"), "success"),
    "I": (_("Ininterprétable"), "warning"),
    "X": (_("Non conforme"), "neutral"),
}


_NO_DIGIT = re.compile(r"(?!^\+)\D")
_FRENCH_NUMBER = re.compile(r"(\+(?:33|262|508|59[046]|68[179]))?((?(1)\d|0\d))(\d{8})")
_SPECIAL_NUMBER = re.compile(r"(0)(8\d\d)(\d{3})(\d{3})")
_NO_BREAK = "\N{NO-BREAK SPACE}"


def _render(piece: str, /, **context: Any) -> SafeString:
    return mark_safe(render_to_string(f"components/{piece}.html", context))  # noqa: S308 - a template of ours


@register.simple_tag
def page_title(title: str, lead: str = "", over: str = "") -> SafeString:
    return _render("page_title", title=title, lead=lead, over=over)


@register.simple_tag
def breadcrumb(*steps: str, here: str) -> SafeString:
    """Steps come as label, address, label, address…; `here` is the page itself."""
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    return _render("breadcrumb", steps=pairs, here=here)


@register.simple_tag
def badge(label: str, kind: str = "neutral", small: bool = True, icon: bool = False) -> SafeString:
    """With `icon`, the kind is shown by a sign too, not by its colour and words alone."""
    return _render("badge", label=label, kind=kind, small=small, icon=icon)


@register.simple_tag
def result_badge(result: str | None, small: bool = True) -> SafeString:
    """A result as the platform publishes it (P, N, I, X, or none yet)."""
    label, kind = _RESULTS.get(str(result or ""), (_("En attente"), "info"))
    return _render("badge", label=label, kind=kind, small=small)


@register.simple_tag
def button(
    label: str, kind: str = "primary", name: str = "", value: str = "", icon: str = "", small: bool = False
) -> SafeString:
    return _render("button", label=label, kind=kind, name=name, value=value, icon=icon, small=small)


@register.simple_tag
def button_link(
    label: str, href: str, kind: str = "primary", icon: str = "", small: bool = False, download: bool = False
) -> SafeString:
    return _render(
        "button_link", label=label, href=href, kind=kind, icon=icon, small=small, download=download
    )


@register.simple_tag
def field(bound: BoundField, width: str = "", label: str = "") -> SafeString:
    """A form field with its label, hint and errors; `width` is "short" for a code or a date."""
    widget = bound.field.widget
    choice = isinstance(widget, CheckboxInput | RadioSelect)
    classes = "" if choice else "fr-select" if isinstance(widget, Select) else "fr-input"
    notes = [bound.id_for_label + suffix for suffix in ("-hint",) if bound.help_text]
    notes += [bound.id_for_label + "-errors"] if bound.errors else []
    attributes = {"class": classes, "aria-describedby": " ".join(notes)}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    control = bound.as_widget(attrs={name: value for name, value in attributes.items() if value})
    return _render(
        "field",
        field=bound,
        control=control,
        checkbox=isinstance(widget, CheckboxInput),
        width=width,
        label=label or bound.label,
    )


@register.simple_tag
def choices(bound: BoundField, columns: bool = False) -> SafeString:
    """Boxes to tick, or circles to choose from, under one legend; `columns` sets many of them side by side."""
    return _render(
        "choices",
        field=bound,
        radio=getattr(bound.field.widget, "input_type", "") == "radio",
        columns=columns,
    )


@register.simple_tag
def summary(rows: Iterable[tuple[str, Any]] | Mapping[str, Any]) -> SafeString:
    """A list of labels and values."""
    return _render("summary", rows=list(rows.items() if isinstance(rows, Mapping) else rows))


@register.simple_tag
def phone(number: str) -> SafeString:
    return _render("phone", dialled=_dialled(number), grouped=grouped_number(number))


@register.filter
def grouped_number(text: str) -> str:
    """A French telephone number in pairs, one of a service (0 800 …) in threes, joined by spaces that do not
    break; anything else as it is."""
    if special := _SPECIAL_NUMBER.fullmatch(_dialled(text)):
        return _NO_BREAK.join(special.groups())
    found = _FRENCH_NUMBER.fullmatch(_dialled(text))
    if not found:
        return text
    country, first, pairs = found.groups(default="")
    return _NO_BREAK.join(filter(None, (country, first, *re.findall("..", pairs))))


def _dialled(text: str) -> str:
    """The digits, and the plus sign of an international number, whose (0) is not dialled."""
    return _NO_DIGIT.sub("", text.replace("(0)", "") if text.startswith("+") else text)


@register.simple_tag
def pagination(previous: str = "", next: str = "", label: str = "") -> SafeString:
    """Two links, newer and older; an empty address shows none."""
    return _render("pagination", previous=previous, next=next, label=label)


@register.simple_tag
def tile(title: str, href: str, text: str = "", icon: str = "") -> SafeString:
    return _render("tile", title=title, href=href, text=text, icon=icon)


@register.simple_tag
def key_figure(label: str, value: str, detail: str = "", direction: str = "") -> SafeString:
    return _render("key_figure", label=label, value=value, detail=detail, direction=direction)


@register.simple_block_tag
def alert(content: str, kind: str = "info", title: str = "") -> SafeString:
    return _render("alert", content=content, kind=kind, title=title)


@register.simple_block_tag
def table(content: str, caption: str, hide_caption: bool = False, id: str = "") -> SafeString:
    return _render("table", content=content, caption=caption, hide_caption=hide_caption, id=id)


@register.simple_block_tag
def disclosure(content: str, title: str, id: str = "") -> SafeString:
    return _render("disclosure", content=content, title=title, id=id)


@register.simple_block_tag
def empty_state(content: str, title: str) -> SafeString:
    return _render("empty_state", content=content, title=title)


@register.simple_block_tag
def card(content: str, title: str = "", id: str = "") -> SafeString:
    return _render("card", content=content, title=title, id=id)
