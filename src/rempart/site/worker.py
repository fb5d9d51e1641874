"""The worker: every subscriber of the house, woken by events, and the outbox's carriers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.db import Error, close_old_connections

from rempart.foundation.access import limits
from rempart.foundation.events import bell
from rempart.foundation.events.stream import Subscriber, advance
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import keyring_of
from rempart.protection import joining as protection_joining
from rempart.screening.desk.services import counting
from rempart.screening.handover.services import posting
from rempart.screening.notices import telling
from rempart.screening.sampling.services import arrivals
from rempart.screening.services import deferring, facts
from rempart.screening.services.intake import Intake
from rempart.screening.transcoding import noting
from rempart.site import carriers
from rempart.site.sessions import SessionStore
from rempart.tracing.services import joining as tracing_joining
from rempart.tracing.services import opening

_log = logging.getLogger(__name__)
_PATIENCE = 1.0
"""Seconds after which a subscriber looks by itself, though nobody rang."""

_TIDY_EVERY = 600.0
"""Seconds between two looks for visits that ended and counters that are full."""

_BETWEEN = 0.5
"""Seconds between two rounds: asking every subscriber costs the same for one event as for ten. What somebody watches
on a screen has a thread of its own."""

_IN_A_ROW = 50
"""Batches of one subscriber after which the next one has its turn: under load, none is starved by another."""


def subscribers() -> tuple[Subscriber, ...]:
    """Who reads the stream of events, and what each one makes of it."""
    keyring = keyring_of(settings.KEY_STORE)
    return (
        opening.subscriber(pathogen=pathogen(settings.PATHOGEN)),
        telling.subscriber(
            keyring=keyring,
            pathogen=pathogen(settings.PATHOGEN),
            public_url=settings.PUBLIC_URL,
            archived=settings.HEALTH_MAIL is not None and settings.HEALTH_MAIL.archives,
        ),
        posting.subscriber(keyring=keyring),
        facts.subscriber(keyring=keyring, root=settings.FACTS_ROOT),
        arrivals.subscriber(keyring=keyring),
        counting.subscriber(),
        noting.subscriber(keyring=keyring, pathogen_name=settings.PATHOGEN),
        tracing_joining.subscriber(),
        protection_joining.subscriber(),
    )


def drain() -> int:
    """Handle everything that can be read now; how many events were handled in all."""
    total = 0
    for subscriber in subscribers():
        while handled := advance(subscriber):
            total += handled
    return total


def run(stop: threading.Event) -> None:
    """Work until told to stop. A database that goes away is waited for; a handler that fails is tried
    again, and the others go on."""
    tidied = -_TIDY_EVERY

    def work() -> None:
        nonlocal tidied
        while _round() and not stop.is_set():
            pass
        if time.monotonic() > tidied + _TIDY_EVERY:
            SessionStore.clear_expired()
            limits.tidy(now=datetime.now(UTC))
            tidied = time.monotonic()
        stop.wait(_BETWEEN)

    _when_woken(stop, work)


def run_urgent(stop: threading.Event) -> None:
    """What somebody watches on a screen, beside everything else: cases are opened as results come."""
    urgent = opening.subscriber(pathogen=pathogen(settings.PATHOGEN))

    def work() -> None:
        while _advance(urgent) and not stop.is_set():
            pass

    _when_woken(stop, work)


def keep_deferred(stop: threading.Event) -> None:
    """Keep the deliveries whose senders do not wait, until told to stop."""
    intake = Intake(pathogen=pathogen(settings.PATHOGEN), keyring=keyring_of(settings.KEY_STORE))
    deferring.run(stop, intake=intake)


def _when_woken(stop: threading.Event, work: Callable[[], None]) -> None:
    """Work whenever something may have happened, until told to stop, whatever the database does meanwhile."""
    while not stop.is_set():
        try:
            for _ in bell.listen(bell.EVENTS, patience=_PATIENCE):
                if stop.is_set():
                    return
                work()
        except Error:
            _log.warning("the database does not answer; trying again")
            close_old_connections()
            stop.wait(_PATIENCE)


def _round() -> bool:
    """Every subscriber in turn, then the letters; whether some subscriber has more to read."""
    more = [_advance(subscriber) for subscriber in subscribers()]
    try:
        carriers.send_letters()
    except Error:
        raise
    except Exception:
        _log.exception("the outbox cannot be read; its letters wait")
    return any(more)


def _advance(subscriber: Subscriber) -> bool:
    """Some batches of one subscriber; whether there may be more."""
    try:
        return all(advance(subscriber) for _ in range(_IN_A_ROW))
    except Exception:
        _log.exception("subscriber %s failed; its events wait", subscriber.name)
        return False
