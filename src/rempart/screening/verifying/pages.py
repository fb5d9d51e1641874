"""The page that checks certificates. The server gives the page and the trusted keys; it never sees a certificate."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rempart.screening.verifying.trusting import trusted

_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""As every page's, and: the reader of codes is WebAssembly, a service worker keeps the page, no form is ever sent."""


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The page, the same for everybody: a browser keeps it, and may show it to the next person at the same computer."""
    request.user = AnonymousUser()
    response = render(request, "verifying/verifier.html", {"messages": ()})
    nonce = str(request.csp_nonce)  # type: ignore[attr-defined]
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    request.uses_camera = True  # type: ignore[attr-defined]
    return response


@require_safe
def trust_list(request: HttpRequest) -> HttpResponse:
    """The trusted keys, what was revoked, and the rule of the day."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return JsonResponse(trusted(settings.KEY_STORE, folder=settings.TRUST, now=now))


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """What keeps the page for when there is no network; it works from its own address downwards."""
    response = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return response


@cache
def _worker() -> str:
    file = resources.files("rempart.screening") / "static" / "verifying" / "service-worker.js"
    return file.read_text("utf-8")
