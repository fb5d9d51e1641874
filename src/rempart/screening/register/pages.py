"""Pages of the register: how far the country is, whom to call, one laboratory."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.access.rights import Right, has
from rempart.foundation.territories import departments, regions, shapes
from rempart.screening.register import services
from rempart.screening.register.models import Registered
from rempart.screening.register.rules import Kind, State, together

STATES: dict[State, Promise] = {
    State.TO_CALL: _("À appeler"),
    State.CALLED: _("Appelé"),
    State.SCHEDULED: _("Éditeur programmé"),
    State.TEST: _("En test"),
    State.PRODUCTION: _("En production"),
}
KINDS: dict[Kind, Promise] = {
    Kind.PRIVATE: _("Laboratoire de ville"),
    Kind.HOSPITAL: _("Hôpital"),
    Kind.AUTOMATON: _("Hôpital avec automate à haut débit"),
}
_COLOURS = {
    State.TO_CALL: "error", State.CALLED: "warning", State.SCHEDULED: "info", State.TEST: "new", State.PRODUCTION: "success",
}  # fmt: skip
_HEADER = (
    "FINESS", "nom", "département", "type", "logiciel", "éditeur", "serveur de résultats", "contact", "téléphone",
    "courriel", "état", "date prévue", "blocage",
)  # fmt: skip


class LaboratoryForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is known of a laboratory."""

    class Meta:
        model = Registered
        fields = services.EDITED
        labels = {
            "name": _("Nom"),
            "software": _("Logiciel (SGL ou SIL)"),
            "vendor": _("Éditeur"),
            "result_server": _("Serveur de résultats"),
            "contact_name": _("Contact technique"),
            "contact_phone": _("Téléphone du contact"),
            "contact_email": _("Adresse électronique du contact"),
            "planned_on": _("Date prévue par l’éditeur"),
            "blocked_by": _("Ce qui bloque"),
        }
        widgets = {"planned_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    kind = forms.ChoiceField(label=_("Type"), choices=[(kind.value, text) for kind, text in KINDS.items()])
    state = forms.ChoiceField(
        label=_("Raccordement"),
        help_text=_(
            "En test, les envois du laboratoire sont jugés et reçoivent leur réponse, mais rien n’en est gardé."
        ),
        choices=[(state.value, text) for state, text in STATES.items()],
    )
    contact_email = forms.EmailField(
        label=_("Adresse électronique du contact"), required=False, max_length=254
    )


class TextForm(forms.Form):
    """A request, a difficulty, or what was done about it."""

    text = forms.CharField(
        label=_("Demande ou difficulté"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """How far each region is, what waits, and the laboratories to call."""
    actor, chosen = _actor(request), _chosen(request)
    parts = services.overview(actor=actor)
    listed = services.listed(actor=actor, **chosen)
    drawing = shapes()
    rows = [
        (
            region.name,
            region.code,
            together(parts[code] for code in _departments_of(region.code) if code in parts),
        )
        for region in regions().values()
    ]
    context = {
        "whole": together(parts.values()),
        "regions": [(name, code, part) for name, code, part in rows if part.total],
        "map": drawing,
        "shapes": [(one, parts.get(one.code)) for one in drawing.shapes],
        "oldest": services.oldest_requests(actor=actor),
        "now": _now(request),
        "listed": [
            (row, STATES[State(row.state)], _COLOURS[State(row.state)], listed.requests.get(row.finess, 0))
            for row in listed.rows
        ],
        "states": [(state.value, text) for state, text in STATES.items()],
        "chosen": request.GET,
        "newer": _page(request, chosen["page"] - 1) if chosen["page"] else "",
        "older": _page(request, chosen["page"] + 1) if listed.more else "",
        "completes": has(actor.role, Right.REGISTER_COMPLETE),
        "stages": [(STATES[state], count) for state, count in together(parts.values()).stages],
    }
    return render(request, "register/register.html", context)


@require_http_methods(["GET", "POST"])
def laboratory(request: HttpRequest, finess: str) -> HttpResponse:
    """One laboratory: what is known, how far it is, what it asked for."""
    actor = _actor(request)
    card = services.card(actor=actor, finess=finess)
    form = LaboratoryForm(request.POST or None, instance=card.row)
    if request.method == "POST" and form.is_valid():
        try:
            services.change(
                actor=actor,
                finess=finess,
                seen_version=_version(request),
                values=form.cleaned_data,
                now=_now(request),
            )
        except StaleVersion:
            messages.error(
                request,
                _("Quelqu’un d’autre vient de modifier cette fiche : relisez-la avant de la changer."),
            )
        else:
            messages.success(request, _("La fiche est enregistrée."))
        return redirect("register-laboratory", finess=finess)
    context = {
        "card": card,
        "form": form,
        "asked": TextForm(),
        "now": _now(request),
        "state": STATES[State(card.row.state)],
    }
    return render(request, "register/laboratory.html", context)


@require_POST
def ask(request: HttpRequest, finess: str) -> HttpResponse:
    """Note a request or a difficulty."""
    text = request.POST.get("text", "").strip()
    if services.ask(actor=_actor(request), finess=finess, text=text, now=_now(request)):
        messages.success(request, _("La demande est notée."))
    else:
        messages.error(request, _("Écrivez la demande, en cinq cents caractères au plus."))
    return redirect("register-laboratory", finess=finess)


@require_POST
def answer(request: HttpRequest, asked_id: UUID) -> HttpResponse:
    """Close a request."""
    text = request.POST.get("text", "").strip()[:500]
    finess = services.answer(actor=_actor(request), asked_id=asked_id, text=text, now=_now(request))
    messages.success(request, _("La demande est close."))
    return redirect("register-laboratory", finess=finess)


@require_POST
def complete(request: HttpRequest) -> HttpResponse:
    """Fill the register from the directory."""
    count = services.complete(actor=_actor(request), now=_now(request))
    told = ngettext("%(count)d laboratoire ajouté.", "%(count)d laboratoires ajoutés.", count) % {
        "count": count
    }
    messages.success(request, told)
    return redirect("register")


@require_GET
def as_csv(request: HttpRequest) -> HttpResponse:
    """The laboratories that are listed, page by page of the service, as one CSV for whoever calls them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEADER)
    chosen, page, more = _chosen(request), 0, True
    while more:
        listed = services.listed(actor=_actor(request), **{**chosen, "page": page})
        for row in listed.rows:
            writer.writerow(_line(row))
        page, more = page + 1, listed.more
    return HttpResponse(
        text.getvalue().encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="laboratoires.csv"'},
    )


def _line(row: Registered) -> list[str]:
    """One laboratory; a text that a spreadsheet would take for a formula is put into words."""
    values: Sequence[object] = (
        row.finess, row.name, row.department, KINDS[Kind(row.kind)], row.software, row.vendor, row.result_server,
        row.contact_name, row.contact_phone, row.contact_email, STATES[State(row.state)], row.planned_on or "",
        row.blocked_by,
    )  # fmt: skip
    return [
        f"'{text}" if (text := str(value))[:1] in ("=", "+", "-", "@", "\t", "\r") else text
        for value in values
    ]


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """What the list is narrowed to; what is no choice is none."""
    asked = request.GET
    state = asked.get("etat", "")
    number = asked.get("page", "")
    return {
        "state": State(state) if state in set(State) else None,
        "departments": _departments_of(asked.get("region", "")),
        "blocked": asked.get("bloque", "") == "1",
        "words": asked.get("mots", "").strip()[:60],
        "page": int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0,
    }


def _departments_of(region: str) -> list[str]:
    return [code for code, one in departments().items() if one.region == region]


def _page(request: HttpRequest, page: int) -> str:
    kept = {name: value for name, value in request.GET.items() if name != "page" and value}
    return "?" + urlencode({**kept, "page": page})


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
