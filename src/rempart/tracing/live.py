"""One LISTEN per process for all the lists that are open in it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error

from rempart.foundation.access.limits import limits
from rempart.foundation.access.refusals import TooMany
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.events import bell
from rempart.tracing.services.opening import CASES

_HEARTBEAT_SECONDS = 20.0
_BETWEEN_SECONDS = 0.3
_AGAIN_SECONDS = 3.0

_open: Counter[str] = Counter()
"""Lines that each agent keeps open in this process."""
_waiting: set[_Line] = set()
_listening = threading.Lock()
_thread: threading.Thread | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One list that is open: where it waits, and the departments whose cases it shows (none: any may be)."""

    loop: asyncio.AbstractEventLoop
    changed: asyncio.Event
    departments: frozenset[str]


def require_room(agent: str) -> None:
    """Raise TooMany when this agent keeps as many lines open in this process as he may."""
    if _open[agent] >= limits().streams.most:
        raise TooMany(timedelta(seconds=_HEARTBEAT_SECONDS))


async def changes(agent: str, departments: Collection[str] = ()) -> AsyncIterator[bool]:
    """True when cases of these departments may have changed, three times a second at most; False now and then to keep the
    line open. Without departments, or with the whole nation, any case counts.

    True at once: something may have come between the list and its line, or while the line was down. A line
    ends after a while, so that none outlives its session for long; browsers open it again by themselves.
    """
    _ensure_listening()
    ends = time.monotonic() + limits().streams.longest.total_seconds()
    changed = asyncio.Event()
    changed.set()
    its = frozenset() if EVERYWHERE in departments else frozenset(departments)
    line = _Line(asyncio.get_running_loop(), changed, its)
    _waiting.add(line)
    _open[agent] += 1
    try:
        while time.monotonic() < ends:
            try:
                await asyncio.wait_for(changed.wait(), timeout=_HEARTBEAT_SECONDS)
            except TimeoutError:
                yield False
            else:
                changed.clear()
                yield True
                await asyncio.sleep(_BETWEEN_SECONDS)  # what changes meanwhile is told after it
    finally:
        _waiting.discard(line)
        _open[agent] -= 1
        if not _open[agent]:
            del _open[agent]


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
            for about in bell.listen(CASES.channel, patience=60.0):  # at once, too: what rang before is lost
                _wake(about)
        except (Error, OSError):
            pause.wait(_AGAIN_SECONDS)


def _wake(about: frozenset[str] = frozenset()) -> None:
    """Wake the lines of these departments; all of them when none is named."""
    for line in list(_waiting):
        if about and line.departments and about.isdisjoint(line.departments):
            continue
        try:
            line.loop.call_soon_threadsafe(line.changed.set)
        except RuntimeError:  # its loop has ended
            _waiting.discard(line)
