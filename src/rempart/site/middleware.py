"""What every request gets: when it came and from where, and answers for errors."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.refusals import NotAllowed, StaleVersion, TooMany
from rempart.foundation.audit.trail import record_refusal
from rempart.foundation.database.pool import give_back_connections
from rempart.foundation.vault import KeyProviderError
from rempart.site.proxies import certificate_of

_log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]


def streams_hold_no_connection(get_response: Handler) -> Handler:
    """An answer that streams gives its database connection back before it begins.

    Django does so at the end of the answer only: a dozen lists left open would hold the whole pool, and
    nobody else would be served. It stands outside the middlewares that ask the database.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.streaming:
            give_back_connections()
        return response

    return middleware


def who_and_when(get_response: Handler) -> Handler:
    """`request.now`: the one clock reading of the request; `request.origin`: the address it comes from;
    `request.certificate`: the fingerprint of the certificate that a machine showed to our proxy, or nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.now = datetime.now(UTC)  # type: ignore[attr-defined]
        request.origin = request.META.get("REMOTE_ADDR", "")  # type: ignore[attr-defined]
        request.certificate = certificate_of(request)  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


class errors_become_answers:  # noqa: N801 -- named as the functions beside it
    """The one place where what a service raises becomes what a person or a machine reads."""

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotAllowed):
            return refused(request, by=getattr(request, "actor", None), reason="jurisdiction")
        if isinstance(error, StaleVersion):
            return _answer(request, 409, "stale-version", "409.html")
        if isinstance(error, TooMany):
            return too_many(request, error)
        if isinstance(error, KeyProviderError):
            door = request.resolver_match.view_name if request.resolver_match else ""
            _log.error("%s: nothing sealed can be read: %s", door, error)
            return _answer(request, 503, "try-again", "503.html")
        return None


def refused(request: HttpRequest, *, by: Actor | None, reason: str) -> HttpResponse:
    """What everybody is told who may not, or not here; noted in the audit when it is an agent."""
    if by is not None and request.resolver_match is not None:
        record_refusal(
            by,
            door=request.resolver_match.view_name,
            method=str(request.method),
            reason=reason,
            now=request.now,  # type: ignore[attr-defined]
        )
    return _answer(request, 403, "not-allowed", "403.html")


def too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    """What everybody is told who did something too often, and for how long to wait."""
    minutes = math.ceil(error.seconds / 60)
    response = _answer(request, 429, "too-many", "429.html", {"seconds": error.seconds, "minutes": minutes})
    response.headers["Retry-After"] = str(error.seconds)
    return response


def _answer(
    request: HttpRequest, status: int, code: str, template: str, context: Mapping[str, int] | None = None
) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {"type": f"urn:rempart:{code}", "title": code, "status": status}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return render(request, template, dict(context or {}), status=status)
