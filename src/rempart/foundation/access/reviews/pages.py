"""Pages of the access review: fifty accounts at a time, a decision for each, and the signature."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.accounts.lists import Line
from rempart.foundation.access.accounts.rules import region_name
from rempart.foundation.access.accounts.services import AccountRefused
from rempart.foundation.access.accounts.words import LACKS, ROLES, places, rights_of
from rempart.foundation.access.actor import Actor
from rempart.foundation.access.reviews import document, services
from rempart.foundation.access.reviews.rules import Choice, State
from rempart.foundation.access.rights import Right, Role, Where, granted
from rempart.foundation.access.uploads import Kind, headers
from rempart.foundation.vault import keyring_of

_STATES: dict[State, tuple[Promise, str]] = {
    State.AHEAD: (_("à commencer"), "neutral"),
    State.UNDER_WAY: (_("en cours"), "info"),
    State.OVERDUE: (_("en retard"), "warning"),
    State.SIGNED: (_("signée"), "success"),
}
_NOBODY = (_("sans administrateur"), "neutral")
_CHOICES = (
    (Choice.KEEP, _("Garder")),
    (Choice.REDUCE, _("Réduire")),
    (Choice.SUSPEND, _("Suspendre")),
)
_PREFIX = "choice-"


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """The review of this quarter, and where the regions stand, for the operator."""
    actor, now = _actor(request), _now(request)
    progress = services.progress(actor=actor, now=now)
    nation = granted(actor.role, Right.ACCOUNTS_REVIEW).where is Where.NATION
    state, colour = _STATES[progress.state]
    context = {
        "progress": progress,
        "state": state,
        "colour": colour,
        "signed": progress.state is State.SIGNED,
        "place": region_name(progress.review.region),
        "choices": _CHOICES,
        "rows": [
            {**_row(one.line), "choice": one.choice, "waits": one.waits, "agent": one.line.agent}
            for one in progress.asked
        ],
        "past": services.past(actor=actor),
        "regions": [(one, *_STATES[one.state]) for one in services.standings(actor=actor, now=now)]
        if nation
        else [],
    }
    return render(request, "access/review.html", context)


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """What was chosen for some of the accounts shown; those without a choice wait."""
    chosen = _chosen(request)
    try:
        count = services.decide(actor=_actor(request), choices=chosen, now=_now(request))
    except AccountRefused:
        messages.error(request, _("Cette revue est déjà signée : la prochaine reprendra ces comptes."))
    else:
        if count:
            messages.success(request, _("Vos décisions sont enregistrées."))
        else:
            messages.error(request, _("Choisissez une décision pour au moins un compte."))
    return redirect("access-review")


@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    """Sign the review: nothing of it changes afterwards."""
    try:
        services.sign(actor=_actor(request), keyring=keyring_of(settings.KEY_STORE), now=_now(request))
    except AccountRefused:
        messages.error(
            request, _("Il reste des comptes à décider ou à réduire, ou la revue est déjà signée.")
        )
    else:
        messages.success(request, _("La revue est signée."))
    return redirect("access-review")


@require_GET
def file(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """A signed review, as whoever checks it needs it (JSON), or as a table (CSV)."""
    found = services.signed(actor=_actor(request), review_id=review_id)
    whole, name = services.document_of(found), f"revue-des-acces-{found.quarter}-{found.region or 'nation'}"
    if request.GET.get("format") == "csv":
        content, name = document.table(whole).encode("utf-8-sig"), f"{name}.csv"
    else:
        content, name = document.written(whole), f"{name}.json"
    return HttpResponse(content, headers=headers(name=name, kind=Kind.TEXT))


def _row(line: Line) -> dict[str, Any]:
    agent = line.agent
    return {
        "role": ROLES[Role(agent.role)],
        "places": places(list(agent.departments), agent.region),
        "rights": rights_of(Role(agent.role)),
        "lacks": [LACKS[lack] for lack in line.lacks],
        "never": agent.last_login is None,
        "opens": line.opens,
    }


def _chosen(request: HttpRequest) -> dict[UUID, Choice]:
    """The choices of the form; what is none of ours is left aside."""
    found = {}
    for name, value in request.POST.items():
        if name.startswith(_PREFIX) and value in list(Choice):
            try:
                found[UUID(name.removeprefix(_PREFIX))] = Choice(str(value))
            except ValueError:
                continue
    return found


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
