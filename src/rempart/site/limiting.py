"""How often anybody, any agent and any machine may ask: counted here for every page, by each web process.

What guards a secret (signing in, the portal, searching) is counted by the services, in the counters that all
processes share (foundation/access/limits.py). Here the machine itself is guarded, without a round trip.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from rempart.foundation.access.limits import Counters, Local, limits
from rempart.foundation.access.origin import network
from rempart.foundation.access.refusals import TooMany
from rempart.screening.api import key_of
from rempart.site.middleware import too_many
from rempart.site.proxies import certificate_of

_UNCOUNTED = "alive"  # a proxy or a supervisor asks whether we live: it must be told

_MOST_KNOWN = 20_000

counters = Counters(limits().process)
known_keys: OrderedDict[str, None] = OrderedDict()


class within_limits:  # noqa: N801 -- named as the middlewares beside it
    """Too many requests of one network, one agent or one key are answered 429, with how long to wait.

    Counted before the doors: whoever is refused there is counted too. A machine whose key was good is counted by
    its key alone: many laboratories may send from one address. It was good when its door says who the machine
    is (`request.actor`); an answer that asked for no key says nothing of one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        key = _key(request)
        if key and getattr(request, "actor", None) is not None:
            known_keys[key] = None
            known_keys.move_to_end(key)
            if len(known_keys) > _MOST_KNOWN:
                known_keys.popitem(last=False)
        elif key and response.status_code == HTTPStatus.UNAUTHORIZED:
            known_keys.pop(key, None)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is not None and match.view_name == _UNCOUNTED:
            return None
        try:
            for what, of in _whom(request):
                counters.take(what, of=of, now=request.now)  # type: ignore[attr-defined]
        except TooMany as error:
            return too_many(request, error)
        return None


def _whom(request: HttpRequest) -> Iterator[tuple[Local, str]]:
    key = _key(request)
    if key:
        yield Local.KEY, key
    if key not in known_keys:
        yield Local.ADDRESS, network(request.origin)  # type: ignore[attr-defined]
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        yield Local.AGENT, str(request.user.pk)


def _key(request: HttpRequest) -> str:
    """What the key or certificate that a machine shows is counted under; empty when it shows none, or on a page."""
    if not request.path.startswith("/api/"):
        return ""
    return counted_under(key_of(request.headers.get("Authorization", "")), certificate_of(request))


def counted_under(key: str, certificate: str) -> str:
    """What a machine is counted under: the digest of its key, however its header writes it; the fingerprint of its
    certificate where it shows no key; empty for neither."""
    return hashlib.sha256(key.encode()).hexdigest() if key else certificate
