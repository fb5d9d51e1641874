"""Waiting for subscribers: a transaction open anywhere on the server, in another test's too, holds them back."""

from __future__ import annotations

import time

from rempart.foundation.events.stream import Subscriber, advance, waiting
from rempart.site import worker

PATIENCE = 20.0  # seconds


def settle(*subscribers: Subscriber) -> None:
    """Let these subscribers (those of the worker when none is named) handle everything there is."""
    deadline = time.monotonic() + PATIENCE
    for subscriber in subscribers or worker.subscribers():
        while waiting(subscriber):
            if not advance(subscriber):
                assert time.monotonic() < deadline, f"{subscriber.name} does not get its events"
                time.sleep(0.01)


def step(subscriber: Subscriber) -> int:
    """Handle one batch, waited for; 0 only when there is nothing."""
    deadline = time.monotonic() + PATIENCE
    while waiting(subscriber):
        if handled := advance(subscriber):
            return handled
        assert time.monotonic() < deadline, f"{subscriber.name} does not get its events"
        time.sleep(0.01)
    return 0
