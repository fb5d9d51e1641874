"""Pages: break the glass; see who did."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from rempart.foundation.access.glass import rules
from rempart.foundation.access.glass import services as service
from rempart.foundation.access.models import Agent
from rempart.foundation.territories import departments
from rempart.foundation.vault import keyring_of

_WORDS = {
    rules.Refusal.NO_DEPARTMENT: ("departments", _("Choisissez au moins un département.")),
    rules.Refusal.TOO_MANY: ("departments", _("Choisissez moins de départements.")),
    rules.Refusal.UNKNOWN: ("departments", _("Ce département n’existe pas.")),
    rules.Refusal.ALREADY_SEEN: ("departments", _("Vous voyez déjà l’un de ces départements.")),
    rules.Refusal.NO_REASON: ("reason", _("Dites en une phrase pourquoi votre enquête le demande.")),
}


class GlassForm(forms.Form):
    departments = forms.CharField(
        label=_("Départements"),
        help_text=_("Numéros séparés par des espaces, par exemple : 13 84"),
        max_length=40,
    )
    reason = forms.CharField(
        label=_("Motif"),
        help_text=_("Pourquoi votre enquête le demande. Ne nommez personne."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_departments(self) -> list[str]:
        return [code.upper() for code in self.cleaned_data["departments"].replace(",", " ").split()]


@require_http_methods(["GET", "POST"])
def break_glass(request: HttpRequest) -> HttpResponse:
    """Say which departments and why; the list then shows them too."""
    form = GlassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            service.break_glass(
                actor=request.actor,  # type: ignore[attr-defined]
                departments_=form.cleaned_data["departments"],
                reason=form.cleaned_data["reason"],
                keyring=keyring_of(settings.KEY_STORE),
                now=_now(request),
            )
        except service.GlassHolds as holds:
            for refusal in holds.refusals:
                form.add_error(*_WORDS[refusal])
        else:
            messages.success(request, _("L’accès exceptionnel est ouvert. Il se ferme de lui-même."))
            return redirect("worklist")
    policy = rules.policy_on(_now(request).date())
    return render(
        request,
        "access/glass_break.html",
        {
            "form": form,
            "policy": policy,
            "hours": int(policy.lasts.total_seconds() // 3600),
            "open": _open(request),
        },
    )


@require_POST
def mend_glass(request: HttpRequest) -> HttpResponse:
    """Close the access before its time."""
    service.mend_glass(actor=request.actor, now=_now(request))  # type: ignore[attr-defined]
    messages.success(request, _("L’accès exceptionnel est fermé."))
    return redirect("worklist")


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """Who broke the glass, newest first."""
    found = service.broken(actor=request.actor, before=_before(request))  # type: ignore[attr-defined]
    names = {code: one.name for code, one in departments().items()}
    rows = [(one, [names.get(code, code) for code in one.glass.departments]) for one in found]
    more = found[-1].glass.broken_at.isoformat() if len(found) == service.PAGE else ""
    return render(request, "access/glass_review.html", {"rows": rows, "more": more, "now": _now(request)})


@require_POST
def decide(request: HttpRequest, glass_id: UUID) -> HttpResponse:
    """Say whether one was justified."""
    justified = request.POST.get("justified") == "yes"
    service.review(actor=request.actor, glass_id=glass_id, justified=justified, now=_now(request))  # type: ignore[attr-defined]
    messages.success(request, _("Votre examen est enregistré."))
    return redirect("glass-review")


def _open(request: HttpRequest) -> Agent | None:
    """The agent, when his glass is broken now."""
    agent = request.user
    if isinstance(agent, Agent) and agent.glass_until and _now(request) < agent.glass_until:
        return agent
    return None


def _before(request: HttpRequest) -> datetime | None:
    """Where the page before this one ended; None for what no page gave."""
    try:
        at = datetime.fromisoformat(request.GET.get("avant", ""))
    except ValueError:
        return None
    return at if at.tzinfo and MINYEAR < at.year < MAXYEAR else None  # the others have no day elsewhere


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
