"""One LISTEN per process for all the lists that are open in it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from django.db import Error

from rempart.foundation.events import bell
from rempart.tracing.services.opening import CASES

_HEARTBEAT_SECONDS = 20.0
_AGAIN_SECONDS = 3.0

_waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
_listening = threading.Lock()
_thread: threading.Thread | None = None


async def changes() -> AsyncIterator[bool]:
    """True each time the cases may have changed, False now and then to keep the line open."""
    _ensure_listening()
    changed = asyncio.Event()
    entry = (asyncio.get_running_loop(), changed)
    _waiting.add(entry)
    try:
        while True:
            try:
                await asyncio.wait_for(changed.wait(), timeout=_HEARTBEAT_SECONDS)
                changed.clear()
                yield True
            except TimeoutError:
                yield False
    finally:
        _waiting.discard(entry)


def _ensure_listening() -> None:
    global _thread
    with _listening:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_listen, name="live-cases", daemon=True)
            _thread.start()


def _listen() -> None:
    pause = threading.Event()
    while True:
        try:
            first = True
            for _ in bell.listen(CASES.channel, patience=60.0):
                if not first:
                    _wake_all()
                first = False
        except (Error, OSError):
            pause.wait(_AGAIN_SECONDS)


def _wake_all() -> None:
    for loop, changed in list(_waiting):
        try:
            loop.call_soon_threadsafe(changed.set)
        except RuntimeError:  # its loop has ended
            _waiting.discard((loop, changed))
