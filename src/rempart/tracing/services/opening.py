"""Positive results become cases, within a second of their arrival."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.events.bell import Bell
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.terminology import Pathogen
from rempart.screening.services.published import PublishedResult, announced
from rempart.screening.services.receive import RESULTS
from rempart.tracing import rules

CASES = Bell("rempart_cases")
"""Rings when a list of cases may have changed."""

_COLUMNS = (
    "id", "result_month", "result_id", "result_key", "person_id", "identity_id", "department",
    "laboratory", "pathogen", "kind", "sampled_on", "received_at", "residence", "health_worker",
    "symptoms", "state", "version", "expires_on",
)  # fmt: skip


def subscriber(*, pathogen: Pathogen) -> Subscriber:
    """Opens a case for every positive of a kind that is traced; withdraws it when the positive falls."""

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        results = announced(cursor, events, only="(r.result = 'P' AND r.current) OR r.version > 1")
        if not results:
            return
        kinds = pathogen.policy_on(events[-1].at.date()).case_kinds
        positives = [r for r in results if r.current and r.result == "P" and r.kind in kinds]
        _withdraw(cursor, {r.ledger_key for r in results} - {r.ledger_key for r in positives})
        _open(cursor, positives)
        transaction.on_commit(CASES.ring)

    return Subscriber(name="tracing.cases", topics=(RESULTS,), handle=handle)


def _withdraw(cursor: CursorWrapper, keys: set[bytes]) -> None:
    """Cases whose result is no longer a positive."""
    if keys:
        cursor.execute(
            """UPDATE tracing_case SET state = %s, version = version + 1
               WHERE result_key = ANY(%s) AND state <> %s""",
            (rules.State.WITHDRAWN.value, sorted(keys), rules.State.WITHDRAWN.value),
        )


def _open(cursor: CursorWrapper, positives: Sequence[PublishedResult]) -> None:
    newest = {result.ledger_key: result for result in positives}
    if not newest:
        return
    cursor.execute(
        """SELECT person_id, sampled_on, result_key FROM tracing_case
           WHERE person_id = ANY(%s) AND state <> %s""",
        ([r.person_id for r in newest.values()], rules.State.WITHDRAWN.value),
    )
    episodes: dict[UUID, list[date]] = {}
    for person, sampled_on, key in cursor.fetchall():
        if bytes(key) not in newest:
            episodes.setdefault(person, []).append(sampled_on)
    opening = rules.to_open(
        (
            rules.Positive(result_key=r.ledger_key, person=r.person_id, sampled_on=r.sampled_on)
            for r in newest.values()
        ),
        episodes=episodes,
        policy=rules.policy_on(max(r.sampled_on for r in newest.values())),
    )
    rows = [r for key, r in newest.items() if key in opening]
    if rows:
        cursor.execute(_UPSERT, _arrays(rows))


# A corrected positive keeps its case: who holds it and whether it was called stay as they are.
_UPSERT = f"""
    INSERT INTO tracing_case ({", ".join(_COLUMNS)})
    SELECT * FROM unnest(
        %s::uuid[], %s::date[], %s::uuid[], %s::bytea[], %s::uuid[], %s::uuid[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::date[], %s::timestamptz[], %s::text[], %s::bool[],
        %s::text[], %s::text[], %s::int[], %s::date[])
    ON CONFLICT (result_key) DO UPDATE SET
        result_month = excluded.result_month, result_id = excluded.result_id,
        person_id = excluded.person_id, identity_id = excluded.identity_id,
        department = excluded.department, sampled_on = excluded.sampled_on,
        residence = excluded.residence, health_worker = excluded.health_worker,
        symptoms = excluded.symptoms, expires_on = excluded.expires_on,
        state = CASE tracing_case.state WHEN 'withdrawn' THEN 'waiting' ELSE tracing_case.state END,
        version = tracing_case.version + 1
"""  # noqa: S608 -- a list of our own columns


def _arrays(rows: Sequence[PublishedResult]) -> list[list[object]]:
    values = [
        (
            key, r.month, r.id, r.ledger_key, r.person_id, r.identity_id, r.department, r.laboratory,
            r.pathogen, r.kind, r.sampled_on, r.received_at, r.residence, r.health_worker, r.symptoms,
            rules.State.WAITING.value, 1, r.expires_on,
        )
        for key, r in zip(uuid7s(len(rows)), rows, strict=True)
    ]  # fmt: skip
    return [list(column) for column in zip(*values, strict=True)]
