"""Waking those who wait: one coalesced NOTIFY per process, outside the producers' transactions.

NOTIFY takes a lock that serialises commits; so nobody notifies in the transaction of a fact. A thread
of the process does, at most every 50 ms, on a connection of its own. A bell that could not ring is
no loss: whoever waits looks by himself every second.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
from django.db import connections

COALESCE_SECONDS = 0.05
EVENTS = "rempart_events"


class Bell:
    """Rings one channel of PostgreSQL."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def ring(self) -> None:
        """Wake the listeners soon; returns at once, and may be called a thousand times a second."""
        self._asked.set()
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        try:
            with connect() as connection:
                while self._asked.wait(timeout=30):
                    self._asked.clear()
                    connection.execute(f"NOTIFY {self.channel}")
                    pause.wait(COALESCE_SECONDS)
        except psycopg.Error:
            return


events = Bell(EVENTS)


def connect() -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection of the application's role, outside the pool."""
    settings = connections["default"].settings_dict
    wanted = {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "dbname": settings["NAME"],
    }
    return psycopg.connect(
        autocommit=True, application_name="rempart bell", **{k: v for k, v in wanted.items() if v}
    )


def listen(channel: str, *, patience: float) -> Iterator[None]:
    """Yield whenever the channel rings, and at least every `patience` seconds."""
    with connect() as connection:
        connection.execute(f"LISTEN {channel}")
        while True:
            yield
            for _ in connection.notifies(timeout=patience, stop_after=1):
                pass
