"""The data-protection officer's pages: what is kept and destroyed, and what a judge orders to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.rights import Right
from rempart.foundation.retention import retentions
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring, keyring_of
from rempart.protection.finding import FindForm, Person, find
from rempart.protection.retention.rules import NotAHold
from rempart.protection.retention.services import holds, proof

_DAYS = ["%d/%m/%Y", "%Y-%m-%d"]


class HoldForm(forms.Form):
    person = forms.UUIDField()
    until = forms.DateField(
        label=_("Jusqu’au"), input_formats=_DAYS, help_text=_("Exemple : 31/12/2027. Cinq ans au plus.")
    )
    ordered_by = forms.CharField(label=_("Ordonnée par"), max_length=200)
    reason = forms.CharField(
        label=_("Référence et motif"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_GET
def retention(request: HttpRequest) -> HttpResponse:
    """What must go and when, what went, and what is overdue."""
    shown = proof.show(actor=_actor(request), form="page", now=_now(request))
    today = _now(request).date()
    context = {"shown": shown, "policy": _policy(today), "lines": _lines(shown)}
    return render(request, "retention/retention.html", context)


@require_GET
def proof_json(request: HttpRequest) -> HttpResponse:
    """The latest proof as it was signed."""
    shown = proof.show(actor=_actor(request), form="json", now=_now(request))
    return HttpResponse(
        shown.statement if shown else b"{}",
        content_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="preuve-de-destruction.json"'},
    )


@require_http_methods(["GET", "POST"])
def orders(request: HttpRequest) -> HttpResponse:
    """The orders there are, and a new one: find the person, then say until when and by whose word."""
    step = request.POST.get("step", "")
    form = HoldForm(request.POST if step == "place" else None)
    if step == "place" and form.is_valid():
        try:
            holds.place(actor=_actor(request), **_said(form), keyring=_keyring(), now=_now(request))
        except NotAHold:
            form.add_error("until", _("Une date à venir, dans cinq ans au plus."))
        else:
            messages.success(request, _("L’ordre est enregistré ; les données sont gardées jusqu’à sa date."))
            return redirect("holds")
    search = FindForm(request.POST if step in ("find", "place") else None)
    searched = step in ("find", "place") and search.is_valid()
    persons: Sequence[Person] = []
    if searched:
        right, said = Right.RETENTION_MANAGE, search.cleaned_data
        persons = find(actor=_actor(request), right=right, **said, keyring=_keyring(), now=_now(request))
    context = {
        "orders": holds.listed(actor=_actor(request), keyring=_keyring(), now=_now(request)),
        "form": search,
        "searched": searched,
        "persons": persons,
        "hold_form": form,
        "again": {name: request.POST.get(name, "") for name in ("number", "name", "birth_date")},
    }
    return render(request, "retention/holds.html", context)


@require_POST
def lift(request: HttpRequest, hold_id: UUID) -> HttpResponse:
    holds.lift(actor=_actor(request), hold_id=hold_id, keyring=_keyring(), now=_now(request))
    messages.success(request, _("L’ordre est levé. Ce qui est arrivé à terme sera détruit cette nuit."))
    return redirect("holds")


def _said(form: HoldForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("person", "until", "ordered_by", "reason")}


def _policy(today: date) -> list[dict[str, Any]]:
    """How long each kind is kept today."""
    disease = pathogen(settings.PATHOGEN)
    policy, english = disease.policy_on(today), get_language() == "en"
    results = [
        {
            "label": rule.label_en if english else rule.label_fr,
            "days": policy.retention_days[letter],
            "counts": _("réception"),
            "source": policy.source,
        }
        for letter, rule in disease.results.items()
    ]
    others = [
        {
            "label": _(kind.label),
            "days": kind.on(today).days,
            "counts": _(kind.counts),
            "source": kind.on(today).source,
        }
        for kind in retentions().values()
    ]
    return [*results, *others]


def _lines(shown: proof.Shown | None) -> list[dict[str, Any]]:
    return [
        {**line, "first_due": date.fromisoformat(line["first_due"]) if line["first_due"] else None}
        for line in (shown.content["tables"] if shown else ())
    ]


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def _keyring() -> Keyring:
    return keyring_of(settings.KEY_STORE)
