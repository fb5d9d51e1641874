"""What a proxy says of the client: believed from our own ones, taken away from everybody else.

After this door nothing else reads a forwarding header. `scope["client"]` is who really asks (Django's
REMOTE_ADDR, `request.origin`), `scope["scheme"]` how he reached us, and `scope["rempart.certificate"]` the
SHA-256 fingerprint of the certificate that a machine showed to the proxy, only ever set by the private
socket: an address can be borrowed by another process of its machine, a socket's permissions cannot.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

from django.http import HttpRequest

from rempart.foundation.access.origin import Network, client, is_ours
from rempart.site.bodies import CERTIFICATE, Application, Receive, Scope, Send

_FORWARDED_FOR, _FORWARDED_PROTO = b"x-forwarded-for", b"x-forwarded-proto"
_FINGERPRINT = b"x-rempart-certificate-sha256"
_SAID_BY_PROXIES = frozenset(
    {
        _FORWARDED_FOR, _FORWARDED_PROTO, _FINGERPRINT,
        b"forwarded", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip", b"x-client-ip", b"true-client-ip",
    }
)  # fmt: skip
_SHA256 = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger(__name__)


def believed(application: Application, *, trusted: Sequence[Network]) -> Application:
    """The application, which sees the client as our own proxies saw him."""
    strangers: set[str] = set()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        peer = str((scope.get("client") or ("",))[0])
        said = _said(scope["headers"])
        if said:
            scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in _SAID_BY_PROXIES]
        if is_ours(peer, trusted=trusted):
            _believe(scope, said, peer=peer, trusted=trusted)
        elif _FORWARDED_FOR in said and peer not in strangers and len(strangers) < 10:
            strangers.add(peer)
            _log.warning(
                "%s says whom it forwards, and REMPART_PROXIES does not list it: all behind it count as one",
                peer,
            )
        await application(scope, receive, send)

    return answer


def certificate_of(request: HttpRequest) -> str:
    """The SHA-256 fingerprint (64 lower-case hexadecimal digits) of the certificate that the machine proved to
    hold, as the proxy on the private socket says; empty when there is none."""
    scope = getattr(request, "scope", None) or request.META  # Django's test client has no scope
    return str(scope.get(CERTIFICATE, ""))


def _believe(
    scope: Scope, said: MutableMapping[bytes, str], *, peer: str, trusted: Sequence[Network]
) -> None:
    scope["client"] = (client(peer, said.get(_FORWARDED_FOR, ""), trusted=trusted), 0)
    if said.get(_FORWARDED_PROTO, "").rpartition(",")[2].strip().lower() == "https":
        scope["scheme"] = "https"
    fingerprint = said.get(_FINGERPRINT, "").strip().lower()
    if not peer and _SHA256.fullmatch(fingerprint):
        scope[CERTIFICATE] = fingerprint


def _said(headers: Iterable[tuple[bytes, bytes]]) -> MutableMapping[bytes, str]:
    """What the forwarding headers say; the same header several times is one list, as HTTP has it."""
    found: dict[bytes, Any] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _SAID_BY_PROXIES:
            text = value.decode("latin-1")
            found[lower] = f"{found[lower]},{text}" if lower in found else text
    return found
