"""What every request gets: who acts and when, protective headers, and answers for errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.database.pool import give_back_connections

Handler = Callable[[HttpRequest], HttpResponse]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)


def protective_headers(get_response: Handler) -> Handler:
    """A content security policy on every answer; nothing nominative in any cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


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
    """`request.now`: the one clock reading of the request; `request.origin`: the address it comes from."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.now = datetime.now(UTC)  # type: ignore[attr-defined]
        request.origin = request.META.get("REMOTE_ADDR", "")  # type: ignore[attr-defined]
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
            return refused(request)
        if isinstance(error, StaleVersion):
            return _answer(request, 409, "stale-version", "409.html")
        return None


def refused(request: HttpRequest) -> HttpResponse:
    """What everybody is told who may not, or not here."""
    return _answer(request, 403, "not-allowed", "403.html")


def _answer(request: HttpRequest, status: int, code: str, template: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        problem = {"type": f"urn:rempart:{code}", "title": code, "status": status}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return render(request, template, status=status)
