"""What the pages of a laboratory share: which laboratory is meant, and where to go back to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.rights import Right, Where, granted
from rempart.foundation.identifiers import finess


def actor_of(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def now_of(request: HttpRequest) -> datetime:
    return request.now  # type: ignore[attr-defined,no-any-return]


def chooses(request: HttpRequest, right: Right) -> bool:
    """Whether the actor has the right over every laboratory, and says which."""
    return granted(actor_of(request).role, right).where is Where.NATION


def laboratory_of(request: HttpRequest, right: Right) -> str:
    """The laboratory that is meant: the actor's own, or the one that was asked for; "" when none was."""
    if not chooses(request, right):
        return actor_of(request).laboratory
    asked = request.POST.get("laboratoire") or request.GET.get("laboratoire", "")
    return finess.normalise(asked) if finess.is_valid(asked) else ""


def shared(request: HttpRequest, right: Right, laboratory: str) -> dict[str, Any]:
    """What every template of a laboratory asks for; `whose` goes into the addresses of its links."""
    asks_which = chooses(request, right)
    return {
        "asks_which": asks_which,
        "laboratory": laboratory,
        "asked": request.GET.get("laboratoire", ""),
        "whose": urlencode({"laboratoire": laboratory}) if asks_which and laboratory else "",
    }


def back(request: HttpRequest, name: str, right: Right, laboratory: str, **more: str) -> HttpResponse:
    """To a page of a laboratory."""
    query = {"laboratoire": laboratory, **more} if chooses(request, right) else more
    suffix = f"?{urlencode(query)}" if query else ""
    return HttpResponseRedirect(reverse(name) + suffix)
