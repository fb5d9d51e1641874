"""Reading the audit as whoever watches over it: nobody else's session sees it."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.db import connection

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.audit.models import Entry
from rempart.foundation.audit.sealing import seal

PATIENCE = 20.0  # seconds


def entries(**conditions: Any) -> list[Entry]:
    """The entries, in the order they were written."""
    with acting(system(Purpose.OVERSIGHT)):
        return list(Entry.objects.filter(**conditions).order_by("id"))


def sealed(*, now: datetime) -> int:
    """Seal everything there is; a transaction open anywhere on the server, in another test's too, is waited for."""
    total, deadline = 0, time.monotonic() + PATIENCE
    while unsealed():
        total += seal(now=now)
        assert time.monotonic() < deadline, "the trail is not sealed"
    return total


def unsealed() -> int:
    """How many entries wait for the sealer."""
    with acting(system(Purpose.OVERSIGHT)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry, (SELECT coalesce(max(last_xid), 0) AS x, coalesce(max(last_id), 0) AS i"
            " FROM (SELECT * FROM audit_block ORDER BY number DESC LIMIT 1) b) l"
            " WHERE (xid::text::bigint, id) > (l.x, l.i)"
        )
        return int(cursor.fetchone()[0])
