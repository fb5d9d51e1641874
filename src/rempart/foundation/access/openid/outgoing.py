"""Requests to a provider: to its own servers only, over TLS, short, small, and never redirected.

What the discovery document says cannot lead anywhere else: an address inside our network, a file, another
scheme. A proxy named in the environment is not used: it would see where tokens go.
"""

from __future__ import annotations

import ssl
import time

import httpx

from rempart.foundation.access.openid.provider import ClientAuthentication, Provider
from rempart.foundation.access.openid.refusals import Reason, SignInRefused

MOST_BYTES = 256 * 1024
SECONDS = 10.0
"""How long one request may take in all; no step of it more than half."""


class Bounded(httpx.BaseTransport):
    """Passes on what may go out, reads no more than it may, and refuses the rest with SignInRefused."""

    def __init__(self, provider: Provider, inner: httpx.BaseTransport) -> None:
        self._hosts = provider.hosts
        self._schemes = {"https", "http"} if provider.is_test else {"https"}
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, read whole. Raises SignInRefused, or httpx's own errors of transport."""
        if request.url.scheme not in self._schemes or request.url.netloc.decode() not in self._hosts:
            raise SignInRefused(Reason.UNREADABLE, "an address that is not the provider's")
        deadline = time.monotonic() + SECONDS
        response = self._inner.handle_request(request)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise SignInRefused(Reason.UNREADABLE, "compressed")
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > MOST_BYTES or time.monotonic() > deadline:
                    raise SignInRefused(Reason.UNREADABLE, "too long")
        finally:
            response.close()
        return httpx.Response(
            response.status_code, headers=response.headers, content=bytes(body), request=request
        )

    def close(self) -> None:
        self._inner.close()


def client_for(provider: Provider, inner: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that reaches this provider and nothing else; `inner` carries its requests (the network)."""
    return httpx.Client(
        transport=Bounded(provider, inner or httpx.HTTPTransport(verify=_tls(provider))),
        timeout=httpx.Timeout(SECONDS / 2),
        follow_redirects=False,
        trust_env=False,
        headers={"Accept": "application/json, application/jwt", "Accept-Encoding": "identity"},
    )


def _tls(provider: Provider) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(provider.authorities) if provider.authorities else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if provider.authentication is ClientAuthentication.MUTUAL_TLS and provider.certificate:
        context.load_cert_chain(provider.certificate, provider.private_key)
    return context
