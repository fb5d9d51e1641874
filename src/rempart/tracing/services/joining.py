"""Cases follow the results of persons who were joined into one, or parted again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.events.stream import Published, Subscriber
from rempart.screening.reviewing.following import MOVED


def subscriber() -> Subscriber:
    """Gives each case to the person whose its result is. Who holds it and whether she was called stay as they are; two
    cases of one episode stay two, for both may have been called."""

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        persons = sorted({UUID(event.payload[end]) for event in events for end in ("source", "target")})
        cursor.execute(
            """UPDATE tracing_case c SET person_id = r.person_id, version = c.version + 1
               FROM screening_result r
               WHERE c.person_id = ANY(%s) AND r.month = c.result_month AND r.id = c.result_id
                 AND r.person_id <> c.person_id""",
            (persons,),
        )

    return Subscriber(name="tracing.joined", topics=(MOVED,), handle=handle)
