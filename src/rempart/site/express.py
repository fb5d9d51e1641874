"""The short way of a delivery: small and whole, from a machine that this process knows.

Nearly every delivery is one message of a laboratory that has just sent another. What people's pages need (sessions,
forms, languages, a thread for each request) costs several times what keeping it does; so that such a request is read,
judged, handed to the keeper and answered in the event loop. Whatever is out of the ordinary about a request, or might
ask the database, takes the long way through Django, which has read nothing of it yet. This door refuses nobody for what
he is or sends, only for how many are here already.

What guards the long way guards this one: it stands behind the same proxies and the same bounds of bodies, answers for
our hosts only, counts the same keys, and sends the same headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from weakref import WeakKeyDictionary

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.limits import Local
from rempart.foundation.access.refusals import TooMany
from rempart.screening import api
from rempart.screening.rules.answer import Language
from rempart.screening.rules.refusals import Refused
from rempart.screening.rules.report import Format
from rempart.screening.services.gathering import Full
from rempart.screening.services.intake import FEW, answered
from rempart.screening.services.mailbox import Mailbox
from rempart.screening.services.receive import BATCH
from rempart.site import limiting
from rempart.site.bodies import CERTIFICATE, Application, Receive, Scope, Send
from rempart.site.headers import protective
from rempart.site.machines import problem

MOST_BYTES = 65_536
"""Of a body that is judged in the event loop: a few milliseconds at most. A larger one takes the long way."""

MOST_SHORT = BATCH
"""Deliveries on the short way at once: as many as one transaction takes. Who comes beyond is told so before his body is
looked at."""

MOST_LONG = 64
"""Deliveries on the long way at once: each has a thread, and waits for one of a dozen connections."""

_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()
_UNUSUAL = frozenset({b"prefer", b"expect", b"content-encoding", b"transfer-encoding", b"cookie"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordinary:
    """A request that takes the short way."""

    wanted: api.Wanted
    actor: Actor
    now: datetime


def express(application: Application, *, path: str) -> Application:
    """The application, before which ordinary deliveries to `path` are answered."""
    always = [
        (name.lower().encode(), value.encode()) for name, value in protective(secure=settings.SECURE).items()
    ]

    short = long = 0  # deliveries under way

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal short, long
        if scope["type"] != "http" or scope["path"] != path or scope["method"] != "POST":
            await application(scope, receive, send)
            return
        ordinary = _ordinary(scope)
        if ordinary is None:
            if long >= MOST_LONG:
                await say(send, *problem(Full(), door=path, language=Language.ENGLISH))
                return
            long += 1
            try:
                await application(scope, receive, send)
            finally:
                long -= 1
            return
        if short >= MOST_SHORT:
            await say(send, *problem(Full(), door=path, language=ordinary.wanted.language))
            return
        short += 1
        try:
            payload = await _whole(receive)
            if payload is not None:
                await say(send, *await _kept(payload, ordinary))
        finally:
            short -= 1

    async def say(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
        said = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*said, length, *always]})
        await send({"type": "http.response.body", "body": body})

    return answer


def _ordinary(scope: Scope) -> _Ordinary | None:
    """What there is to know of a request before its body; None when it takes the long way."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        lower = name.lower()
        if lower in _UNUSUAL or lower in headers:
            return None
        headers[lower] = value
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or len(length) > 6 or int(length) > MOST_BYTES:
        return None
    if scope.get("query_string") or not _is_our_host(headers.get(b"host", b"").decode("latin-1")):
        return None
    key = api.key_of(headers.get(b"authorization", b"").decode("latin-1"))
    certificate = str(scope.get(CERTIFICATE, ""))
    actor = api.recognised.get(key, certificate)
    if actor is None or api.intake_of().table.due:
        return None
    now = datetime.now(UTC)
    try:
        wanted = _wanted(
            *(headers.get(name, b"") for name in (b"content-type", b"accept", b"accept-language"))
        )
        if wanted.format is Format.TABLE:  # sixty kilobytes of a workbook may be seconds of work
            return None
        limiting.counters.take(Local.KEY, of=limiting.counted_under(key, certificate), now=now)
    except (Refused, TooMany):
        return None
    origin = str((scope.get("client") or ("",))[0])
    return _Ordinary(wanted=wanted, actor=replace(actor, origin=origin), now=now)


async def _whole(receive: Receive) -> bytes | None:
    """The body; None when its sender has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _kept(payload: bytes, ordinary: _Ordinary) -> tuple[int, Mapping[str, str], bytes]:
    """Read, judge, keep together with the others that wait, and answer: status, headers, body."""
    wanted, actor, intake = ordinary.wanted, ordinary.actor, api.intake_of()
    try:
        judged = api.judged_of(payload, wanted=wanted, actor=actor, read=intake.judge)
        if len(judged) > FEW:
            all_of_it = await asyncio.to_thread(intake.take, judged, actor=actor)
        else:
            kept = await _mailbox().wait(intake.gather(judged, actor=actor))
            all_of_it = answered(judged, kept)
        kind, body = api.said_of(all_of_it, wanted=wanted, now=ordinary.now)
    except Exception as error:
        return problem(error, door="/api/v1/deliveries", language=wanted.language)
    return 200, {"Content-Type": kind, "Content-Language": wanted.language.value}, body


def _mailbox() -> Mailbox:
    """That of the running loop: a process has one."""
    loop = asyncio.get_running_loop()
    found = _mailboxes.get(loop)
    if found is None:
        found = _mailboxes[loop] = Mailbox(loop)
    return found


@lru_cache(maxsize=256)
def _wanted(content_type: bytes, accept: bytes, accept_language: bytes) -> api.Wanted:
    return api.wanted_of(*(one.decode("latin-1") for one in (content_type, accept, accept_language)))


@lru_cache(maxsize=256)
def _is_our_host(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
