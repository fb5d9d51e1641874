"""Waking those who wait: one coalesced NOTIFY per process, outside the producers' transactions.

NOTIFY takes a lock that serialises commits; so nobody notifies in the transaction of a fact. A thread
of the process does, at most every 50 ms, on a connection of its own. A bell that could not ring is
no loss: whoever waits looks by himself every second.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import psycopg
from django.db import OperationalError, connections

COALESCE_SECONDS = 0.05
EVENTS = "rempart_events"

_MOST_SAID = 7_000
"""Bytes of what a bell says it rings about: PostgreSQL takes 8,000. With more, it rings about everything."""


class Bell:
    """Rings one channel of PostgreSQL."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._about: set[str] = set()
        self._about_everything = False
        self._saying = threading.Lock()

    def ring(self, about: Iterable[str] = ()) -> None:
        """Wake the listeners soon; returns at once, and may be called a thousand times a second.

        `about`: short words without a comma, by which a listener knows whether it concerns him; none: everybody.
        """
        words = set(about)
        with self._saying:
            self._about |= words
            self._about_everything |= not words
            self._asked.set()
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        try:
            with connect("rempart bell") as connection:
                while self._asked.wait(timeout=30):
                    connection.execute("SELECT pg_notify(%s, %s)", (self.channel, self._said()))
                    pause.wait(COALESCE_SECONDS)
        except psycopg.Error:
            return

    def _said(self) -> str:
        """What it rings about this time; empty: everything."""
        with self._saying:
            said = "" if self._about_everything else ",".join(sorted(self._about))
            self._asked.clear()
            self._about.clear()
            self._about_everything = False
        return said if len(said) <= _MOST_SAID else ""


events = Bell(EVENTS)


def connect(name: str) -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection of the application's role, outside the pool; `name`: what the database's list of
    connections calls it."""
    settings = connections["default"].settings_dict
    wanted = {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "dbname": settings["NAME"],
    }
    return psycopg.connect(autocommit=True, application_name=name, **{k: v for k, v in wanted.items() if v})


def listen(channel: str, *, patience: float) -> Iterator[frozenset[str]]:
    """Yield whenever the channel rings, and at least every `patience` seconds: what it rings about; nothing when
    that may be anything. Raises Django's OperationalError when the database goes away."""
    try:
        with connect("rempart listener") as connection:
            connection.execute(f"LISTEN {channel}")
            about: frozenset[str] = frozenset()
            while True:
                yield about
                rung = [one.payload for one in connection.notifies(timeout=patience, stop_after=1)]
                about = frozenset(word for payload in rung for word in payload.split(",") if word)
    except psycopg.Error as error:  # the driver's own, which nobody expects beside the ORM
        raise OperationalError(type(error).__name__) from error
