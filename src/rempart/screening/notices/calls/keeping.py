"""What follows from results and from messages that failed: calls are opened, follow a correction, and are withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.database.keys import uuid7s
from rempart.foundation.messaging.outbox import failed
from rempart.foundation.terminology.values import Result
from rempart.foundation.vault import Keyring
from rempart.screening.notices.services import contact
from rempart.screening.services.published import COLUMNS, PublishedResult, published

ABOUT = "result.positive"
"""What messages are about whose failing makes a call."""

_LOOKS_BACK = timedelta(days=2)


class Why(StrEnum):
    """Why the laboratory calls."""

    LANDLINE = "landline"  # nothing else is known of the person
    FAILED = "failed"  # no message arrived


class State(StrEnum):
    WAITING = "waiting"
    TOLD = "told"
    WITHDRAWN = "withdrawn"  # the result was corrected or taken back


def open_for(
    cursor: CursorWrapper, results: Sequence[PublishedResult], *, why: Why, again: bool, now: datetime
) -> int:
    """Put these results on their laboratories' lists; how many. `again`: also those that were told or withdrawn, for
    there is something new to tell."""
    if not results:
        return 0
    change = (
        """UPDATE SET month = excluded.month, result_id = excluded.result_id, person_id = excluded.person_id,
               identity_id = excluded.identity_id, department = excluded.department, why = excluded.why,
               state = excluded.state, tries = 0, opened_at = excluded.opened_at, last_at = NULL,
               expires_on = excluded.expires_on, version = screening_call.version + 1"""
        if again
        else "NOTHING"
    )
    rows = [
        (
            key, one.laboratory, one.department, bytes(one.ledger_key), one.month, one.id, one.person_id,
            one.identity_id, one.expires_on,
        )
        for key, one in zip(uuid7s(len(results)), results, strict=True)
    ]  # fmt: skip
    cursor.execute(
        f"""INSERT INTO screening_call (id, laboratory, department, ledger_key, month, result_id, person_id, identity_id,
                expires_on, why, state, tries, opened_at, version)
            SELECT DISTINCT ON (key) n.*, %s, %s, 0, %s::timestamptz, 1
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::date[], %s::uuid[], %s::uuid[], %s::uuid[],
                %s::date[]) AS n (id, laboratory, department, key, month, result_id, person_id, identity_id, expires_on)
            ORDER BY key, id DESC
            ON CONFLICT (ledger_key) DO {change}""",  # noqa: S608 -- one of two texts of ours
        (why.value, State.WAITING.value, now, *map(list, zip(*rows, strict=True))),
    )
    return int(cursor.rowcount)


def follow(cursor: CursorWrapper, results: Sequence[PublishedResult]) -> None:
    """Let the calls that wait follow a newer version of their result: it is the one to tell, or there is nothing to
    tell any more."""
    if not results:
        return
    rows = [
        (
            bytes(one.ledger_key), one.month, one.id, one.person_id, one.identity_id, one.department,
            one.expires_on, one.result == Result.POSITIVE and not one.retracted,
        )
        for one in results
    ]  # fmt: skip
    cursor.execute(
        """UPDATE screening_call c SET month = n.month, result_id = n.result_id, person_id = n.person_id,
               identity_id = n.identity_id, department = n.department, expires_on = n.expires_on,
               state = CASE WHEN n.positive THEN c.state ELSE %s END, version = c.version + 1
           FROM unnest(%s::bytea[], %s::date[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::date[], %s::bool[])
                AS n (key, month, result_id, person_id, identity_id, department, expires_on, positive)
           WHERE c.ledger_key = n.key AND c.state = %s""",
        (State.WITHDRAWN.value, *map(list, zip(*rows, strict=True)), State.WAITING.value),
    )


def take_back(*, keyring: Keyring, now: datetime) -> int:
    """Put on the lists the positives of whom every message failed lately; how many were new there.

    Only those of whom some telephone number is known: a mobile that takes no text may still be answered.
    """
    with acting(system(Purpose.NOTICE)) as cursor:
        keys = failed(cursor, about=ABOUT, since=now - _LOOKS_BACK)
        if not keys:
            return 0
        cursor.execute(
            f"""SELECT {COLUMNS} FROM screening_result_ledger l
                JOIN screening_result r ON r.month = l.month AND r.id = l.result_id
                WHERE l.key = ANY(%s) AND r.current AND NOT r.retracted AND r.result = %s""",  # noqa: S608 -- ours
            (keys, Result.POSITIVE.value),
        )
        found = [published(row) for row in cursor.fetchall()]
        details = ((one, contact(keyring, one.sealed, one.id.bytes) or {}) for one in found)
        called = [one for one, said in details if said.get("phone") or said.get("mobile")]
        return open_for(cursor, called, why=Why.FAILED, again=False, now=now)
