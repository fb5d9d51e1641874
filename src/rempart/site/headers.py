"""What every answer tells the browser: what may run and be fetched, who may frame, open or keep it.

Nothing is allowed that no page needs. A script runs only if its tag carries the request's nonce, so that
neither text put into a page nor a file of our own that somebody points a tag at is ever run. No directive
names another server.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]

_A_YEAR = 31_536_000
_FEATURES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "fullscreen",
    "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi",
    "payment", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_OWN_FEATURES = ("publickey-credentials-create", "publickey-credentials-get")  # passkeys of agents


class Nonce:
    """The request's own word for its scripts; made when a template first writes it."""

    def __init__(self) -> None:
        self.value = ""

    def __str__(self) -> str:
        self.value = self.value or secrets.token_urlsafe(16)
        return self.value


def policy(nonce: str = "") -> str:
    """The content security policy; without a nonce nothing runs."""
    scripts = f"'nonce-{nonce}'" if nonce else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def protective(*, secure: bool) -> Mapping[str, str]:
    """The headers that every answer carries, pages, machines' answers, refusals and static files alike.

    `secure`: the outside reaches us by https (the configuration says so, not the request: a proxy may
    speak http to us).
    """
    always = {
        "Content-Security-Policy": policy(),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Permissions-Policy": ", ".join(
            [*(f"{feature}=()" for feature in _FEATURES), *(f"{own}=(self)" for own in _OWN_FEATURES)]
        ),
        "Referrer-Policy": "same-origin",  # "no-referrer" makes Origin null, which forms are refused for
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }
    return always | ({"Strict-Transport-Security": f"max-age={_A_YEAR}"} if secure else {})


def protective_headers(get_response: Handler) -> Handler:
    """Every answer of Django's gets them; a view may be stricter, or let something public be kept."""
    headers = protective(secure=settings.SECURE)
    with_camera = headers["Permissions-Policy"].replace("camera=()", "camera=(self)")

    def middleware(request: HttpRequest) -> HttpResponse:
        nonce = Nonce()
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = get_response(request)
        if nonce.value:
            response.headers.setdefault("Content-Security-Policy", policy(nonce.value))
        if getattr(request, "uses_camera", False):  # a view says so of its page
            response.headers.setdefault("Permissions-Policy", with_camera)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return middleware
