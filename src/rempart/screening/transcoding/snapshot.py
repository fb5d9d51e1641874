"""The transcoding table as a process last saw it: no query per message."""

from __future__ import annotations

import logging
import time
from datetime import UTC, date, datetime
from threading import Event, Lock
from uuid import UUID

from django.db import DatabaseError, connections

from rempart.screening.transcoding.models import TranscodingLine
from rempart.screening.transcoding.rules import Kind, Line, Transcoding

PATIENCE = 3.0
"""Seconds after which a process looks whether a line changed: what a biologist adds holds everywhere by then."""

_EVERY = 1.0
"""Seconds between two looks of a process that looks without being asked."""

_log = logging.getLogger(__name__)

_COLUMNS = ("id", "laboratory", "kind", "source", "target", "since", "until", "version")


class Snapshot:
    """Every line there is, and those in force as the decoders ask them; safe between threads.

    It asks for the lines that are newer than what it has, every PATIENCE at most. Days are UTC's.
    """

    def __init__(self) -> None:
        self.transcoding = Transcoding()
        self._lines: dict[UUID, tuple[str, Line]] = {}
        self._version = 0
        self._newest: UUID | None = None
        self._day: date | None = None
        self._look_at = 0.0
        self._lock = Lock()

    @property
    def due(self) -> bool:
        """Whether it is time to look for changes."""
        return time.monotonic() >= self._look_at

    def refresh(self, *, now: datetime, at_once: bool = False) -> None:
        """Look for changes if it is time to; the first time, whoever comes meanwhile waits."""
        if not self.due and not at_once:
            return
        if not self._lock.acquire(blocking=self._day is None or at_once):
            return
        try:
            self._look(now.date())
            self._look_at = time.monotonic() + PATIENCE
        finally:
            self._lock.release()

    def watch(self, stop: Event) -> None:
        """Look for changes before anybody who reads a message would have to, until told to stop."""
        while not stop.wait(_EVERY):
            try:
                self.refresh(now=datetime.now(UTC), at_once=True)
            except DatabaseError:
                _log.warning("the tables cannot be read anew: those known go on serving")
            finally:
                connections.close_all()

    def _look(self, today: date) -> None:
        newest = TranscodingLine.objects.filter(version__gte=self._version).order_by("version")
        changed = list(newest.values_list(*_COLUMNS))
        if changed and changed[0][0] == self._newest:
            del changed[0]
        elif (
            self._newest
        ):  # the last one that is known is not there: another database, or an older state of it
            self._lines, self._version, self._newest, self._day = {}, 0, None, None
            changed = list(TranscodingLine.objects.order_by("version").values_list(*_COLUMNS))
        for key, laboratory, kind, source, target, since, until, version in changed:
            line = Line(kind=Kind(kind), source=source, target=target, since=since, until=until)
            self._lines[key] = (laboratory, line)
            self._version, self._newest = version, key
        if changed or self._day != today:
            self.transcoding.become(
                {
                    (laboratory, line.kind, line.source): line.target
                    for laboratory, line in self._lines.values()
                    if line.holds_on(today)
                }
            )
            self._day = today
