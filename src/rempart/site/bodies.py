"""How much a request may bring, decided while it comes: Django reads a body whole before it asks who sends it.

A form is small. A delivery may be large, from whoever has a key; without one, no more is read than
anybody may send. A file that is handed over may be larger: nothing of it is read before its door was asked
(streaming.py). Whoever sends slowly is not waited for: a body has half a minute, and a second more for each
thousand bytes that have come (twenty thousand of a large delivery, of which there are a few at once and no more).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

from rempart.site.headers import protective
from rempart.site.streaming import streamed_bytes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

CERTIFICATE = "rempart.certificate"
"""Where proxies.py writes, in the scope, the fingerprint of the certificate that our proxy saw."""

MOST_OF_ANYBODY = 1_000_000
"""Bytes that are read of somebody who showed no key."""

MOST_LARGE = 4
"""Deliveries larger than that which one process takes at once: each lies in memory, several times, until it is kept."""

_MACHINES = "/api/"
_REFUSALS = {401: b"key-unknown", 408: b"too-slow", 413: b"too-large", 429: b"busy"}
_COME_AGAIN = 5  # seconds
_PATIENCE = 30.0
_BYTES_PER_SECOND = 1_000
_BYTES_PER_SECOND_LARGE = 20_000  # of a large delivery, which keeps others out while it comes


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def bounded(application: Application, *, patience: float = _PATIENCE) -> Application:
    """The application, which is never given more of a body than its sender may bring.

    `patience`: seconds in which a body begins to come.
    """
    large: set[int] = set()  # requests with a large body that are under way

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        clock = asyncio.get_running_loop()
        begun = clock.time()
        taken = 0
        is_known = is_whole = False

        async def let_in(size: int) -> None:
            nonlocal is_known
            if size <= MOST_OF_ANYBODY or size <= streamed_bytes(scope["path"]):
                return
            if not scope["path"].startswith(_MACHINES) or size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                raise _Refused(413)
            is_known = is_known or await sync_to_async(_is_machine)(
                header_of(scope["headers"], b"authorization"), str(scope.get(CERTIFICATE, ""))
            )
            if not is_known:
                raise _Refused(401)
            if id(scope) not in large and len(large) >= MOST_LARGE:
                raise _Refused(429)
            large.add(id(scope))

        async def counted() -> Message:
            nonlocal taken, is_whole
            if is_whole:  # what comes now is that the client has gone: it may take as long as the answer
                return await receive()
            pace = _BYTES_PER_SECOND_LARGE if id(scope) in large else _BYTES_PER_SECOND
            left = begun + patience + taken / pace - clock.time()
            try:
                async with asyncio.timeout(left):
                    message = await receive()
            except TimeoutError:
                raise _Refused(408) from None
            taken += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            await let_in(taken)
            return message

        try:
            announced = header_of(scope["headers"], b"content-length")
            await let_in(int(announced) if announced.isdecimal() and len(announced) < 19 else 0)
            await application(scope, counted, send)
        except _Refused as refused:  # the application has read only: nothing was answered yet
            await _refuse(send, refused.status)
        finally:
            large.discard(id(scope))

    return answer


def header_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The first header of this name (in small letters), or nothing."""
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _is_machine(authorization: str, certificate: str) -> bool:
    """Whether a laboratory's machine speaks, by key or by certificate; gives its connection back."""
    from rempart.foundation.access.models import machine
    from rempart.foundation.access.refusals import NotAllowed

    try:
        machine(authorization.partition(" ")[2].strip(), certificate, now=datetime.now(UTC))
    except NotAllowed:
        return False
    finally:
        connections.close_all()
    return True


async def _refuse(send: Send, status: int) -> None:
    code = _REFUSALS[status]
    body = b'{"type": "urn:rempart:%s", "title": "%s", "status": %d}' % (code, code, status)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"connection", b"close"),
        *([(b"retry-after", str(_COME_AGAIN).encode())] if status == 429 else []),
        *(
            (name.lower().encode(), value.encode())
            for name, value in protective(secure=settings.SECURE).items()
        ),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
