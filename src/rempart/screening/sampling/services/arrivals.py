"""Results that come back on the number of a tube: the tube says when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.vault import BlindIndex, Indexer, Keyring
from rempart.screening.notices.services import contact
from rempart.screening.sampling.services.completing import tube_named
from rempart.screening.services.published import announced
from rempart.screening.services.receive import RESULTS

_OF_A_DRIVE = "EXISTS (SELECT FROM screening_specimen s WHERE s.laboratory = r.laboratory)"


def subscriber(*, keyring: Keyring) -> Subscriber:
    """Notes on each tube when its result came; a result that was taken back is waited for again."""

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        cursor.execute("SELECT EXISTS (SELECT FROM screening_specimen)")
        if not cursor.fetchone()[0]:  # nearly always: drives are some days of some places
            return
        indexer = Indexer(keyring, events[-1].at.date())
        came: dict[bytes, datetime | None] = {}
        for result in announced(cursor, events, only=_OF_A_DRIVE):
            details = contact(keyring, result.sealed, result.id.bytes)
            if details is None or not (result.current or result.retracted):
                continue
            for digest in indexer.digests(
                BlindIndex.SPECIMEN, tube_named(result.laboratory, details["record"])
            ):
                came[digest] = None if result.retracted else result.received_at
        if came:
            cursor.execute(
                """UPDATE screening_specimen s SET result_at = n.at
                   FROM unnest(%s::bytea[], %s::timestamptz[]) AS n (number, at) WHERE s.number = n.number""",
                (list(came), list(came.values())),
            )

    return Subscriber(name="screening.sampling", topics=(RESULTS,), handle=handle)
