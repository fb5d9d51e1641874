"""Retention: how long each kind of data may be kept, as dated policy, and how a table forgets.

The table is data/retention.toml; results alone have theirs in the file of their disease. Each room says
which of its tables hold what (its own retention.py); protection puts them together and runs them daily.
"""

from rempart.foundation.retention.policy import (
    CEILING,
    ELSEWHERE,
    Kind,
    Retention,
    Version,
    last_day,
    longest,
    retention,
    retentions,
)
from rempart.foundation.retention.tables import (
    BATCH,
    Cursor,
    Digests,
    Part,
    Step,
    aging,
    delete_expired,
    drop_month,
    earliest,
    expiring,
    months_of,
    some,
    sweep,
)

__all__ = [
    "BATCH",
    "CEILING",
    "ELSEWHERE",
    "Cursor",
    "Digests",
    "Kind",
    "Part",
    "Retention",
    "Step",
    "Version",
    "aging",
    "delete_expired",
    "drop_month",
    "earliest",
    "expiring",
    "last_day",
    "longest",
    "months_of",
    "retention",
    "retentions",
    "some",
    "sweep",
]
