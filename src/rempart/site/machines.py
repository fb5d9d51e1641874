"""The machines' interface: one API, problem+json errors, stable codes."""

from __future__ import annotations

import logging

import psycopg
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI

from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.vault import KeyProviderError
from rempart.screening.api import Refused
from rempart.screening.services.store import Conflict
from rempart.site.middleware import too_many

_log = logging.getLogger(__name__)

api = NinjaAPI(
    title="Rempart",
    version="1",
    description="Laboratories deliver their results here. Errors are application/problem+json with stable codes.",
    docs_url=None,
)


def problem(status: int, code: str, detail: str) -> HttpResponse:
    """An error as RFC 9457 wants it; `code` is stable."""
    body = {"type": f"urn:rempart:{code}", "title": code, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return problem(error.status, error.code, error.detail)


@api.exception_handler(NotAllowed)
def _not_allowed(request: HttpRequest, error: NotAllowed) -> HttpResponse:
    response = problem(401, "key-unknown", "Send a valid key: Authorization: Bearer rmp_…")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(TooMany)
def _too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    return too_many(request, error)


@api.exception_handler(OperationalError)
@api.exception_handler(psycopg.OperationalError)
@api.exception_handler(Conflict)
def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.warning("%s: the database did not keep a delivery (%s)", request.path, type(error).__name__)
    return _try_again()


@api.exception_handler(KeyProviderError)
def _without_keys(request: HttpRequest, error: KeyProviderError) -> HttpResponse:
    _log.error("%s: nothing can be sealed: %s", request.path, error)
    return _try_again()


def _try_again() -> HttpResponse:
    response = problem(503, "try-again", "Nothing is lost: send the same again in a moment.")
    response.headers["Retry-After"] = "5"
    return response
