"""How often somebody may try to open a result: a reference, a birth date, a one-time code.

Decided by us (docs/decisions/007-portal.md): the sources give the steps, not the limits.
"""

from __future__ import annotations

from datetime import datetime, timedelta

MOST_FAILURES = 5
LOCKED = timedelta(minutes=15)
CODE_VALID = timedelta(minutes=10)
MOST_CODES = 10
"""Codes that one reference may cause to be sent in all: a phone is not to be flooded."""


def locked(*, failures: int, last_failure_at: datetime | None, now: datetime) -> bool:
    """Whether nothing is to be believed for now, right or wrong."""
    return failures >= MOST_FAILURES and last_failure_at is not None and now < last_failure_at + LOCKED


def failures_after(*, failures: int, last_failure_at: datetime | None, now: datetime) -> int:
    """The count once one more attempt failed; it starts again after a lock has ended."""
    ended = last_failure_at is not None and now >= last_failure_at + LOCKED
    return 1 if ended else failures + 1
