"""Laboratories in test: what they send is judged and answered as it would be, counted, and not kept.

Each process holds the list of them and looks for its changes every few seconds: no query per message.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from django.db import transaction

from rempart.screening.register.models import Registered, Trial
from rempart.screening.register.rules import State
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.report import Outcome
from rempart.screening.services.prepared import PreparedMessage
from rempart.screening.services.receive import Kept

PATIENCE = 3.0
"""Seconds after which a process looks again: a laboratory that goes into production is taken for real by then."""


class Trials:
    """Which laboratories are in test, as a process last saw it; safe between threads."""

    def __init__(self) -> None:
        self._laboratories: frozenset[str] = frozenset()
        self._look_at = 0.0
        self._lock = Lock()

    def holds(self, laboratory: str) -> bool:
        """Whether what this laboratory's machines bring is a trial; may ask the database."""
        if not laboratory:
            return False
        with self._lock:
            if time.monotonic() >= self._look_at:
                found = Registered.objects.filter(state=State.TEST).values_list("finess", flat=True)
                self._laboratories = frozenset(found)
                self._look_at = time.monotonic() + PATIENCE
        return laboratory in self._laboratories


def tried(messages: Sequence[PreparedMessage], *, laboratory: str, now: datetime) -> list[Kept]:
    """What would have become of each message, counted in one statement per day of trial; nothing is kept."""
    kept = [
        Kept(
            outcome=message.outcome,
            findings=(*message.findings, finding("H06", "trial", "message")),
            delivery_id=message.delivery.id,
        )
        for message in messages
    ]
    outcomes = Counter(one.outcome for one in kept)
    codes = Counter(code for message in messages for code in {said.code for said in message.findings})
    with transaction.atomic():
        row, _ = Trial.objects.select_for_update().get_or_create(
            finess=laboratory, day=now.date(), defaults={"last_at": now}
        )
        row.accepted += outcomes[Outcome.ACCEPTED]
        row.held += outcomes[Outcome.HELD]
        row.rejected += outcomes[Outcome.REJECTED]
        row.codes = dict(Counter(row.codes) + codes)
        row.last_at = now
        Trial.objects.filter(finess=laboratory, day=now.date()).update(
            accepted=row.accepted, held=row.held, rejected=row.rejected, codes=row.codes, last_at=now
        )
    return kept
