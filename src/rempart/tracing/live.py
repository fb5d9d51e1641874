"""One LISTEN per process for all the lists that are open in it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from django.db import Error

from rempart.foundation.events import bell
from rempart.tracing.services.opening import CASES

_HEARTBEAT_SECONDS = 20.0
_BETWEEN_SECONDS = 1.0
_AGAIN_SECONDS = 3.0

_waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
_listening = threading.Lock()
_thread: threading.Thread | None = None


async def changes() -> AsyncIterator[bool]:
    """True when the cases may have changed, once a second at most; False now and then to keep the line open.

    True at once: something may have come between the list and its line, or while the line was down.
    """
    _ensure_listening()
    changed = asyncio.Event()
    changed.set()
    entry = (asyncio.get_running_loop(), changed)
    _waiting.add(entry)
    try:
        while True:
            try:
                await asyncio.wait_for(changed.wait(), timeout=_HEARTBEAT_SECONDS)
            except TimeoutError:
                yield False
            else:
                changed.clear()
                yield True
                await asyncio.sleep(_BETWEEN_SECONDS)  # what changes meanwhile is told after it
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
            for _ in bell.listen(CASES.channel, patience=60.0):  # at once, too: what rang before is lost
                _wake_all()
        except (Error, OSError):
            pause.wait(_AGAIN_SECONDS)


def _wake_all() -> None:
    for loop, changed in list(_waiting):
        try:
            loop.call_soon_threadsafe(changed.set)
        except RuntimeError:  # its loop has ended
            _waiting.discard((loop, changed))
