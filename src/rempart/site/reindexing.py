"""Indexing people again in small transactions, from a command or beside the worker's other tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, OperationalError

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.people import reindexing
from rempart.foundation.vault import Keyring

_log = logging.getLogger(__name__)
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many identities were looked at and changed by this run; `finished`: none is left."""

    seen: int = 0
    changed: int = 0
    finished: bool = False


def run(
    *,
    keyring: Keyring,
    clock: Callable[[], datetime],
    until: datetime | None = None,
    actor: Actor | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Go on with what was asked for, until it is done or `until` has come. Raises NotSettled."""
    done = Progress()
    while not done.finished and (until is None or clock() < until):
        step = _step(keyring, clock)
        done = Progress(
            seen=done.seen + step.seen, changed=done.changed + step.changed, finished=step.finished
        )
        tell(done)
    if done.finished and done.seen:
        period = keyring.index_period(clock().date())
        record(
            actor or system(Purpose.OPERATION), Act.INDEX_RENEWED, period, now=clock(), changed=done.changed
        )
    return done


def _step(keyring: Keyring, clock: Callable[[], datetime]) -> reindexing.Step:
    """One batch; taken again when somebody wrote the same rows at this moment."""
    for _ in range(_TRIES - 1):
        try:
            return _once(keyring, clock)
        except (IntegrityError, OperationalError) as why:
            _log.info("a batch of identities is indexed again (%s)", type(why).__name__)
    return _once(keyring, clock)


def _once(keyring: Keyring, clock: Callable[[], datetime]) -> reindexing.Step:
    with acting(system(Purpose.OPERATION)) as cursor:
        return reindexing.step(cursor, keyring=keyring, now=clock())
