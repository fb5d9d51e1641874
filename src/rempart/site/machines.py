"""The machines' interface: one API, problem+json errors, stable codes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

import psycopg
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import page_not_found
from ninja import NinjaAPI

from rempart.foundation.access.refusals import NotAllowed, TooMany
from rempart.foundation.vault import KeyProviderError
from rempart.screening.api import language_of
from rempart.screening.rules.answer import Language
from rempart.screening.rules.refusals import Refused, refusals
from rempart.screening.services.gathering import Full, NotKept
from rempart.screening.services.store import Conflict
from rempart.site.middleware import too_many

_log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

api = NinjaAPI(
    title="Rempart",
    version="1",
    description="Laboratories deliver their results here. Errors are application/problem+json with stable codes.",
    docs_url=None,
)

_CODES: Mapping[type[Exception], str] = {
    NotAllowed: "key-unknown",
    Full: "busy",
    NotKept: "not-kept",
    KeyProviderError: "try-again",
    OperationalError: "try-again",
    InterfaceError: "try-again",
    psycopg.OperationalError: "try-again",
    psycopg.InterfaceError: "try-again",
    Conflict: "try-again",
}
"""What the services raise, and what a machine is told."""


def problem(error: Exception, *, door: str, language: Language) -> tuple[int, Mapping[str, str], bytes]:
    """The answer for what a door raised, as RFC 9457 wants it: status, headers, body; `door` is named in the log.

    What is none of the expected failures is our fault (500); its words may be a person's, and are not logged.
    """
    if isinstance(error, Refused):
        refusal = error.refusal
    else:
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "not-kept")
        refusal = refusals()[code]
        if isinstance(error, KeyProviderError):
            _log.error("%s: nothing can be sealed: %s", door, error)
        elif code == "try-again":
            _log.warning("%s: the database did not keep a delivery (%s)", door, type(error).__name__)
        elif code == "not-kept" and not isinstance(error, NotKept):
            _log.error("%s: a delivery failed (%s)", door, type(error).__name__)
    headers = {"Content-Type": PROBLEM, "Content-Language": language.value, **refusal.headers()}
    return refusal.status, headers, json.dumps(refusal.problem(language)).encode()


def _answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    assert isinstance(error, Exception)  # noqa: S101 -- ninja's type says more than it does
    language = language_of(request.headers.get("Accept-Language", ""))
    status, headers, body = problem(error, door=request.path, language=language)
    return HttpResponse(body, status=status, headers=dict(headers))


def absent(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is said of an address that does not exist: to a machine in its own words, to a person as a page."""
    if request.path.startswith("/api/"):
        return _answer(request, Refused("address-unknown"))
    return page_not_found(request, exception)


_EXPECTED: tuple[type[Exception], ...] = (Refused, *_CODES)
for expected in _EXPECTED:
    api.add_exception_handler(expected, _answer)


@api.exception_handler(TooMany)
def _too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    return too_many(request, error)
