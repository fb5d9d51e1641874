"""Requests whose body is read while it comes: Django's own handler puts a whole body into memory or a file first.

A file that is handed over must lie nowhere in clear. Its request is given a live stream instead, from which the
upload handler takes chunk after chunk; the door and the row of the hand-over are asked before the first one.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.urls import Resolver404, resolve

from rempart.protection.exchange.rules import policy_on

_UPLOAD = "exchange-upload"
_AROUND_A_FILE = 1_000_000  # bytes of a form beside its file
_PATIENCE = 3600.0
"""Seconds that the thread of a request waits for the next piece; bodies.py is stricter, and ends it before."""


def streamed_bytes(path: str) -> int:
    """How much the body of a request that is read while it comes may have; 0 for every other address."""
    try:
        if resolve(path).view_name != _UPLOAD:
            return 0
    except Resolver404:
        return 0
    return policy_on(datetime.now(UTC).date()).most_bytes + _AROUND_A_FILE


class Live:
    """`receive`, and the body that it brings as a file which the thread of the request reads."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self.receive = receive
        self.body = _Body(receive, asyncio.get_running_loop())

    async def __call__(self) -> Any:
        """What comes after the body; not asked before its end."""
        await self.body.ended.wait()
        return await self.receive()


class Handler(ASGIHandler):
    """Django, which reads some bodies while they come."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        live = scope["method"] == "POST" and streamed_bytes(scope["path"]) > 0
        await super().handle(scope, Live(receive) if live else receive, send)

    async def read_body(self, receive: Any) -> Any:
        return receive.body if isinstance(receive, Live) else await super().read_body(receive)


def application() -> Handler:
    """The site."""
    django.setup(set_prefix=False)
    return Handler()


class _Body(io.RawIOBase):
    """Reads from another thread what the event loop receives. Raises OSError when the client has gone, or when
    what stands before Django refuses to read on."""

    def __init__(self, receive: Callable[[], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self._receive, self._loop = receive, loop
        self._waiting = b""
        self._is_whole = False
        self.ended = asyncio.Event()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._waiting and not self._is_whole:
            self._next()
        part = self._waiting[: len(buffer)]
        self._waiting = self._waiting[len(part) :]
        buffer[: len(part)] = part
        return len(part)

    async def _received(self) -> Any:
        return await self._receive()

    def _next(self) -> None:
        try:
            message = asyncio.run_coroutine_threadsafe(self._received(), self._loop).result(_PATIENCE)
        except Exception as error:
            raise OSError("the body of the request does not come") from error
        if message["type"] == "http.disconnect":
            raise OSError("the client has gone before the end of its request")
        self._waiting = message.get("body", b"")
        self._is_whole = not message.get("more_body", False)
        if self._is_whole:
            self._loop.call_soon_threadsafe(self.ended.set)
