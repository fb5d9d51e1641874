"""Reading the audit as whoever watches over it: nobody else's session sees it."""

from __future__ import annotations

from typing import Any

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.audit.models import Entry


def entries(**conditions: Any) -> list[Entry]:
    """The entries, in the order they were written."""
    with acting(system(Purpose.OVERSIGHT)):
        return list(Entry.objects.filter(**conditions).order_by("id"))
