"""From the keeper's thread to an event loop: what comes together wakes the loop once.

Thirty deliveries are answered at the same moment. Waking the loop for each would make both threads contend for the
interpreter thirty times.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Mailbox:
    """What other threads want done in one event loop, in the order in which they wanted it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._posted: deque[Callable[[], None]] = deque()
        self._is_awake = False

    def post(self, work: Callable[[], None]) -> None:
        """Have something done in the loop, soon; from any thread. Nothing is done once the loop has ended."""
        self._posted.append(work)
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._open)

    def wait(self, future: Future[T]) -> asyncio.Future[T]:
        """The same future, for a coroutine of the loop."""
        awaited: asyncio.Future[T] = self._loop.create_future()
        future.add_done_callback(lambda done: self.post(partial(_settle, done, awaited)))
        return awaited

    def _open(self) -> None:
        self._is_awake = False  # whoever posts from here on wakes the loop again
        while self._posted:
            self._loop.call_soon(self._posted.popleft())


def _settle(done: Future[T], awaited: asyncio.Future[T]) -> None:
    if awaited.done():  # nobody waits any more
        return
    error = done.exception()
    if error is None:
        awaited.set_result(done.result())
    else:
        awaited.set_exception(error)
