"""The laboratory's list of calls."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from rempart.foundation.access.actor import Actor
from rempart.foundation.vault import keyring_of
from rempart.screening.notices.calls import services
from rempart.screening.notices.calls.keeping import Why

_WHY: dict[str, tuple[Promise, str]] = {
    Why.LANDLINE.value: (_("Téléphone fixe seulement"), "info"),
    Why.FAILED.value: (_("Aucun message n’est arrivé"), "warning"),
}


_LONGEST = 10
"""Digits of a version."""


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    """Whom my laboratory is to telephone today."""
    found = services.listed(actor=_actor(request), keyring=keyring_of(settings.KEY_STORE), now=_now(request))
    rows = [(one, *_WHY[one.why]) for one in found.calls]
    return render(
        request, "notices/calls.html", {"rows": rows, "listed": found, "asks_which": False, "whose": ""}
    )


@require_POST
def call_note(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """Somebody was told, or did not answer."""
    told, seen = request.POST.get("told") == "1", request.POST.get("version", "")
    services.note(
        actor=_actor(request),
        call_id=call_id,
        seen_version=int(seen) if seen.isdecimal() and len(seen) < _LONGEST else -1,  # -1: of no version
        told=told,
        now=_now(request),
    )
    messages.success(
        request, _("C’est noté : la personne a été prévenue.") if told else _("C’est noté : à rappeler.")
    )
    return redirect("calls")


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _now(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]
