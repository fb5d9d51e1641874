"""Sessions of agents end in time, whatever page they ask for."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import sessions, trace
from rempart.foundation.audit.trail import Act


def bounded_sessions(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """An agent whose session is over is nobody from here on. Nobody without a cookie costs a query."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            agent = request.user
            if isinstance(agent, Agent) and not sessions.alive(request):
                key = sessions.current(request)
                if key and sessions.end(agent, only=key):
                    trace.note(Act.SIGNED_OUT, agent, request, method="time")
                logout(request)
                messages.info(request, _("Votre session a pris fin : identifiez-vous de nouveau."))
        return get_response(request)

    return middleware
