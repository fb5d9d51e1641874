"""How tracing forgets: a case goes on the day of its result, and follows it when that day moves."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.retention import Kind, expiring

PARTS = (expiring("tracing_case", kind=Kind.RESULT),)


def follow_results(cursor: CursorWrapper, persons: Iterable[UUID]) -> int:
    """Keep the cases of these persons as long as their results, and in the same sight; how many changed."""
    cursor.execute(
        """UPDATE tracing_case c SET expires_on = r.expires_on, department = r.department
           FROM screening_result r
           WHERE c.person_id = ANY(%s) AND r.person_id = c.person_id AND r.month = c.result_month
             AND r.id = c.result_id AND (c.expires_on, c.department) <> (r.expires_on, r.department)""",
        (list(persons),),
    )
    return int(cursor.rowcount)
