"""Who goes through a door of agents: both factors passed, and proved again lately where the door asks for it."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import factors, rules, sessions, trace
from rempart.foundation.access.signin.rules import Passed


def turned_away(
    request: HttpRequest, *, setting_up: bool = False, again: timedelta | None = None
) -> HttpResponse | None:
    """Where whoever asks is sent instead, or None when he may go on.

    `setting_up`: the door serves to set up a second factor, and opens to who has given his password and
    has none yet. `again`: how lately he must have proved who he is.
    """
    agent = request.user
    if not isinstance(agent, Agent):
        return sent(request, redirect_to_login(_back(request)))
    proved = sessions.proofs_of(request)
    match rules.passed(proved):
        case Passed.NOTHING:
            logout(request)
            return sent(request, redirect_to_login(_back(request)))
        case Passed.FIRST if factors.has_one(agent):  # he got one elsewhere meanwhile: he signs in with it
            logout(request)
            return sent(request, redirect_to_login(_back(request)))
        case Passed.FIRST if not setting_up:
            return sent(request, HttpResponseRedirect(reverse("second-factor")))
        case Passed.FIRST:
            return None
    if again is not None and not rules.recent(proved, now=trace.at(request), within=again):
        return sent(request, HttpResponseRedirect(_where_to_prove(agent, _back(request))))
    return None


def require_recent(request: HttpRequest, minutes: int) -> HttpResponse | None:
    """For a page in which only one act is sensitive: where to send whoever has not proved who he is within
    these minutes, or None. A whole door is listed under `again` in site/data/doors.toml instead."""
    return turned_away(request, again=timedelta(minutes=minutes))


def sent(request: HttpRequest, elsewhere: HttpResponse) -> HttpResponse:
    """The same answer, as whoever asks can follow it: a page leaves as a whole, a stream ends for good."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": elsewhere["Location"]})
    if "text/event-stream" in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    return elsewhere


def _where_to_prove(agent: Agent, back: str) -> str:
    by_card = not agent.has_usable_password() and agent.rpps
    address = reverse("psc-begin") if by_card else reverse("account_reauthenticate")
    return f"{address}?{urlencode({'next': back})}"


def _back(request: HttpRequest) -> str:
    """Where to return to: what was asked for, or the page whose form was sent; a form is not sent again."""
    if request.headers.get("HX-Request") == "true":
        asked = request.headers.get("HX-Current-URL", "")
    elif request.method in ("GET", "HEAD"):
        return request.get_full_path()
    else:
        asked = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours else "/"
