"""What of screening goes with identities from one person to another: results, their attached reports, accesses, calls to make."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.events import bell
from rempart.foundation.events.stream import publish
from rempart.foundation.people.likeness.joining import Moved
from rempart.foundation.vault import Keyring
from rempart.screening.services import objecting

MOVED = "people.moved"
"""Topic: identities went from one person to another. Payload: join, source, target, undone."""


def follow(cursor: CursorWrapper, moved: Moved, *, undone: bool, keyring: Keyring, now: datetime) -> None:
    """Give the results of these identities to the person whose they are now, and tell the rooms above.

    In the caller's transaction, which sees everything.
    """
    cursor.execute(
        "UPDATE screening_result SET person_id = %s WHERE person_id = %s AND identity_id = ANY(%s)",
        (moved.target, moved.source, list(moved.identities)),
    )
    for table in ("screening_access", "screening_call", "screening_document"):
        cursor.execute(
            f"""UPDATE {table} t SET person_id = r.person_id FROM screening_result r
                WHERE r.person_id = %s AND r.identity_id = ANY(%s) AND t.result_id = r.id AND t.person_id = %s""",  # noqa: S608 -- ours
            (moved.target, list(moved.identities), moved.source),
        )
    if objecting.objects(moved.target):
        objecting.object_to_research(moved.target, keyring=keyring, now=now)
    publish(
        cursor,
        topic=MOVED,
        payload={
            "join": str(moved.join),
            "source": str(moved.source),
            "target": str(moved.target),
            "undone": undone,
        },
        now=now,
    )
    transaction.on_commit(bell.events.ring)
