"""Leaving a provider after leaving us: RP-initiated logout, which wants the identity token back.

A form may not lead to another site under our content security policy. Who leaves is shown a page of ours that
moves on by itself, without a script, and has a link. The token is in that one address of the provider's, as
the standard has it, and in none of ours.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from rempart.foundation.access.openid.party import Party
from rempart.foundation.access.openid.refusals import SignInRefused

_TOKEN, _STATE = "openid-token", "openid-farewell"
_SECONDS = 300


def remember(session: SessionBase, id_token: str) -> None:
    """Keep the identity token until its session ends (sessions are sealed: site/sessions.py); empty when the
    provider knows who came, and has no session with this browser."""
    session[_TOKEN] = id_token


def token_of(session: SessionBase) -> str | None:
    """The identity token of a session that began with a provider."""
    token = session.get(_TOKEN)
    return token if isinstance(token, str) else None


def take_leave(request: HttpRequest, *, token: str, service: str, onward: str) -> HttpResponse:
    """A page that leads to `onward`; the new session holds the token for five minutes, and nothing else."""
    request.session[_TOKEN] = token
    request.session.set_expiry(_SECONDS)
    return render(request, "access/farewell.html", {"service": service, "onward": onward})


def part(request: HttpRequest, party: Party, *, back: str, now: datetime) -> HttpResponse:
    """To the provider's logout, or home when there is nothing to end or the provider cannot be had."""
    token = request.session.pop(_TOKEN, None)
    if not isinstance(token, str) or not token:
        return redirect("home")
    state = secrets.token_urlsafe(24)
    try:
        address = party.leave(id_token=token, redirect_uri=back, state=state, now=now)
    except SignInRefused:
        return redirect("home")
    request.session[_STATE] = state
    return redirect(address)


def is_ours(request: HttpRequest) -> bool:
    """Whether this is the answer to our own leaving; asked once."""
    state = request.session.pop(_STATE, None)
    return isinstance(state, str) and hmac.compare_digest(
        state.encode(), request.GET.get("state", "").encode()
    )
