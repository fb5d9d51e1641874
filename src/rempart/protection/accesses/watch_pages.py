"""Pages of the alerts, and of the persons whom they protect."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import StaleVersion
from rempart.foundation.audit import alerts, detection
from rempart.foundation.audit.alerts import Kind, State
from rempart.protection.accesses import watch_services as service
from rempart.protection.accesses.words import FIGURES, KINDS, ROLES, STATES, word


class WatchForm(forms.Form):
    person = forms.UUIDField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("Pourquoi"), choices=[(kind.value, KINDS[kind]) for kind in Kind])
    organisation = forms.CharField(
        label=_("Organisme"),
        required=False,
        max_length=120,
        help_text=_(
            "Pour un agent : celui dont les collègues ne doivent pas ouvrir son dossier. Vide : tous."
        ),
    )


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Alerts of one state, newest first."""
    state = _state(request.GET.get("etat", State.NEW.value))
    page = service.listed(actor=_actor(request), state=state, after=_key(request.GET.get("apres", "")))
    context = {
        "rows": [
            {
                "shown": shown,
                "rule": _rule(shown.alert.rule),
                "who": _who(shown),
                "role": word(ROLES, shown.alert.role),
                "state": STATES[shown.alert.state],
            }
            for shown in page.shown
        ],
        "tabs": [(one.value, STATES[one][0], page.counts[one]) for one in State],
        "chosen": state.value,
        "after": page.after,
        "now": _now(request),
    }
    return render(request, "accesses/alerts.html", context)


@require_GET
def shown(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """One alert: what was counted, of whom, and what became of it."""
    found = service.shown(actor=_actor(request), alert_id=alert_id)
    figures = [(word(FIGURES, name), value) for name, value in found.alert.figures.items()]
    context = {
        "alert": found.alert,
        "rule": _rule(found.alert.rule),
        "who": _who(found),
        "username": found.agent.username if found.agent else "",
        "role": word(ROLES, found.alert.role),
        "state": STATES[found.alert.state],
        "closed": found.alert.state == State.CLOSED,
        "figures": figures,
        "handler": (found.handler.name or found.handler.username) if found.handler else "",
    }
    return render(request, "accesses/alert.html", context)


@require_POST
def handle(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Note that an alert was seen, or close it with its reason."""
    given = request.POST.get("version", "")
    try:
        service.handle(
            actor=_actor(request),
            alert_id=alert_id,
            state=_state(request.POST.get("state", "")),
            reason=request.POST.get("reason", "")[:2000],
            seen_version=int(given) if given.isdecimal() and len(given) < 9 else 0,
            now=_now(request),
        )
        messages.success(request, _("C’est enregistré."))
    except alerts.NoReason:
        messages.error(request, _("Dites en une phrase ce que vous avez constaté avant de classer l’alerte."))
    except StaleVersion:
        messages.error(request, _("Un collègue a traité cette alerte entre-temps : voici son état actuel."))
    return redirect("audit-alert", alert_id=alert_id)


@require_GET
def watched(request: HttpRequest) -> HttpResponse:
    """Whose files are protected now."""
    rows = [(line, word(KINDS, line.kind)) for line in service.watched(actor=_actor(request))]
    return render(request, "accesses/watched.html", {"rows": rows})


@require_POST
def watch(request: HttpRequest) -> HttpResponse:
    """Protect the file of a person that a search found."""
    form = WatchForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Recherchez d’abord la personne, puis protégez son dossier."))
        return redirect("audit-search")
    try:
        service.watch(
            actor=_actor(request),
            person=form.cleaned_data["person"],
            kind=Kind(form.cleaned_data["kind"]),
            organisation=form.cleaned_data["organisation"],
            now=_now(request),
        )
        messages.success(request, _("Ce dossier est protégé : toute ouverture crée une alerte."))
    except alerts.AlreadyWatched:
        messages.info(request, _("Ce dossier est déjà protégé ainsi."))
    return redirect("audit-watched")


@require_POST
def unwatch(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """Protect it no longer."""
    service.unwatch(actor=_actor(request), line=line_id, now=_now(request))
    messages.success(request, _("La protection est levée."))
    return redirect("audit-watched")


def _who(found: service.Shown) -> str:
    return (found.agent.name or found.agent.username) if found.agent else found.alert.actor


def _rule(code: str) -> str:
    known = {rule.value for rule in detection.Rule}
    return gettext(detection.label(detection.Rule(code))) if code in known else code


def _state(text: str) -> State:
    """The state that a text names; what names none is a new alert."""
    return State(text) if text in {state.value for state in State} else State.NEW


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
