"""The months of the trail: partitions made long before an act needs one."""

from __future__ import annotations

from datetime import date

from django.db import transaction

AHEAD = 24
"""Months made ahead: the trail goes on for two years though nobody makes more."""


def make_ahead(*, today: date) -> None:
    """Make the partitions of this month and of the AHEAD next ones, each in a transaction of its own.

    Making one waits for whoever writes, and makes who comes after wait: it gives up after two seconds, and is
    asked again the next day.
    """
    for ahead in range(AHEAD + 1):
        years, month = divmod(today.month - 1 + ahead, 12)
        with transaction.atomic(), transaction.get_connection().cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute("SELECT audit_entry_month(%s)", (date(today.year + years, month + 1, 1),))
