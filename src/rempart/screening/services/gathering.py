"""Group commit: deliveries that come one message at a time are kept together with all the others that wait.

A transaction costs nearly the same for thirty messages as for one. Whoever brings something waits; one thread of
the process takes all that wait, keeps them in one transaction, and tells everybody once it is on disk. What waits
is bounded by what one transaction takes: nobody waits for more than the transaction under way and his own, and
whoever comes beyond that is told at once to come again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connections

from rempart.foundation.access.actor import Actor, Purpose, system
from rempart.foundation.terminology import Pathogen
from rempart.foundation.vault import KeyProviderError, Keyring
from rempart.screening.register.trials import Trials, tried
from rempart.screening.sampling.services.completing import completed
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import Judged, PreparedMessage
from rempart.screening.services.receive import BATCH, Kept, keep
from rempart.screening.services.store import UNAVAILABLE

MOST_BYTES = 64_000_000
"""Bytes of messages that wait at once, a larger delivery alone apart."""

RETRY_AFTER = 1
"""Seconds after which whoever was refused may come again: two transactions later."""

_LINGER = 0.02
"""Seconds, at most, in which the thread waits for as many deliveries as are expected: a transaction of two halves costs
twice."""

_IDLE = 30.0
"""Seconds after which the thread ends and gives its connection back; the next delivery starts another."""

_PREPARER_LASTS = 1.0
"""Seconds for which the keys of the day are taken as they were looked up."""

_log = logging.getLogger(__name__)


class Full(Exception):
    """As much waits as may: nothing was kept. Come again after RETRY_AFTER seconds."""


class NotKept(Exception):
    """A delivery that cannot be kept, though its neighbours can: a fault of ours, which says nothing of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """One delivery that waits, with the machine that brought it."""

    judged: Sequence[Judged]
    actor: Actor
    size: int
    kept: Future[Sequence[Kept]] = field(default_factory=Future)


class Gathering:
    """The deliveries that wait in one process, and the thread that keeps them."""

    def __init__(self, *, keyring: Keyring, pathogen: Pathogen, most_waiting: int = BATCH) -> None:
        self._keyring, self._pathogen, self._most = keyring, pathogen, most_waiting
        self._waiting: deque[_Brought] = deque()
        self._messages = self._bytes = 0
        self._together = 0  # deliveries of the last transaction
        self._expected = 1  # deliveries that are worth waiting for a moment
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._preparer: tuple[float, Preparer] | None = None
        self.trials = Trials()

    def add(self, judged: Sequence[Judged], *, actor: Actor, size: int) -> Future[Sequence[Kept]]:
        """Let a delivery of at most BATCH messages and `size` bytes wait for its turn; what became of each message,
        once all of them are on disk. Returns at once.

        The future raises NotKept, KeyProviderError, or what the driver raises when PostgreSQL is not there. Raises
        Full when as much waits as may; a delivery larger than that is taken when nothing waits.
        """
        brought = _Brought(judged=judged, actor=actor, size=size)
        brought.kept.set_running_or_notify_cancel()  # whoever goes away undoes nothing
        with self._changed:
            if self._waiting and (
                self._messages + len(judged) > self._most or self._bytes + size > MOST_BYTES
            ):
                self._expected = 0  # nobody else can come: nothing is worth waiting for
                self._changed.notify()
                raise Full
            self._waiting.append(brought)
            self._messages += len(judged)
            self._bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
                self._thread.start()
            elif len(self._waiting) in (1, self._expected):
                self._changed.notify()
        return brought.kept

    # The thread

    def _run(self) -> None:
        try:
            while together := self._next():
                try:
                    self._keep(together)
                except (
                    Exception
                ) as error:  # a fault of the keeper itself: nobody waits for ever, and it goes on
                    for brought in together:
                        if not brought.kept.done():
                            _fail(brought, error)
        finally:
            connections.close_all()

    def _next(self) -> list[_Brought]:
        """All that wait, once somebody does; nothing after a long silence, which ends the thread."""
        with self._changed:
            # who was just answered, and who came meanwhile
            self._expected = self._together + len(self._waiting)
            if not self._changed.wait_for(lambda: self._waiting, _IDLE):
                self._thread = None
                return []
            self._changed.wait_for(self._is_enough, _LINGER)
            together: list[_Brought] = []
            messages = 0
            while self._waiting and (not together or messages + len(self._waiting[0].judged) <= BATCH):
                brought = self._waiting.popleft()
                together.append(brought)
                messages += len(brought.judged)
                self._bytes -= brought.size
            self._messages -= messages
            self._together = len(together)
        return together

    def _is_enough(self) -> bool:
        return len(self._waiting) >= self._expected or self._messages >= self._most

    def _keep(self, together: Sequence[_Brought]) -> None:
        """Prepare and keep deliveries, and tell whoever waits for each."""
        ready = []
        whole = self._completed(together)
        for brought, judged in zip(together, whole, strict=True):
            try:
                ready.append((brought, self._prepared(brought, judged)))
            except Exception as error:
                _fail(brought, error)
        if real := [one for one in ready if not self._tried(*one)]:
            self._keep_prepared(real)

    def _tried(self, brought: _Brought, messages: list[PreparedMessage]) -> bool:
        """Answer a delivery of a laboratory in test, of which nothing is kept; False for any other."""
        laboratory = brought.actor.laboratory
        try:
            if not self.trials.holds(laboratory):
                return False
            brought.kept.set_result(tried(messages, laboratory=laboratory, now=datetime.now(UTC)))
        except Exception as error:
            connections.close_all()
            _fail(brought, error)
        return True

    def _completed(self, together: Sequence[_Brought]) -> list[Sequence[Judged] | Exception]:
        """The messages of each delivery, completed where only the number of a tube came: asked at once for all of
        them, and for each alone when that fails."""
        try:
            every = iter(self._complete([one for brought in together for one in brought.judged]))
            return [[next(every) for _ in brought.judged] for brought in together]
        except Exception as error:
            connections.close_all()
            if len(together) == 1:
                return [error]
            return [found for brought in together for found in self._completed([brought])]

    def _complete(self, judged: Sequence[Judged]) -> Sequence[Judged]:
        return completed(judged, keyring=self._keyring, pathogen=self._pathogen, now=datetime.now(UTC))

    def _prepared(self, brought: _Brought, judged: Sequence[Judged] | Exception) -> list[PreparedMessage]:
        if isinstance(judged, Exception):
            raise judged
        now = time.monotonic()
        if self._preparer is None or now > self._preparer[0] + _PREPARER_LASTS:
            self._preparer = (
                now,
                Preparer(keyring=self._keyring, pathogen=self._pathogen, now=datetime.now(UTC)),
            )
        preparer, laboratory = self._preparer[1], brought.actor.laboratory
        return [preparer.message(one, speaks_for=laboratory) for one in judged]

    def _keep_prepared(self, ready: Sequence[tuple[_Brought, list[PreparedMessage]]]) -> None:
        """One transaction for all; when something in it cannot be kept, half of them each, down to the one."""
        actors = {messages[0].delivery.id: brought.actor for brought, messages in ready if messages}
        try:
            kept = keep(
                [message for _, messages in ready for message in messages],
                actor=system(Purpose.INTAKE),
                now=datetime.now(UTC),
                brought_by=actors,
            )
        except UNAVAILABLE as error:
            connections.close_all()
            for brought, _ in ready:
                _fail(brought, error)
        except Exception as error:
            connections.close_all()
            if len(ready) == 1:
                _fail(ready[0][0], error)
                return
            _log.warning("%d deliveries cannot be kept together (%s)", len(ready), type(error).__name__)
            middle = len(ready) // 2
            self._keep_prepared(ready[:middle])
            self._keep_prepared(ready[middle:])
        else:
            answers = iter(kept)
            for brought, messages in ready:
                brought.kept.set_result([next(answers) for _ in messages])


def _fail(brought: _Brought, error: Exception) -> None:
    """Tell whoever waits why his delivery was not kept; what an error of ours quotes may be a person's."""
    if isinstance(error, (*UNAVAILABLE, KeyProviderError)):
        brought.kept.set_exception(error)
        return
    code = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None) or ""
    name = type(error).__name__
    _log.error("a delivery of %s cannot be kept: %s %s", brought.actor.laboratory or "ours", name, code)
    brought.kept.set_exception(NotKept(name))
