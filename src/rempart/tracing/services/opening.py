"""Positive results become cases, within a second of their arrival."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.events.bell import Bell
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.terminology import Pathogen
from rempart.screening.services.published import COLUMNS, PublishedResult, announced, published
from rempart.screening.services.receive import RESULTS
from rempart.tracing import rules

CASES = Bell("rempart_cases")
"""Rings when a list of cases may have changed, about the departments whose lists these are."""

_COLUMNS = (
    "id", "result_month", "result_id", "result_key", "person_id", "identity_id", "department",
    "laboratory", "pathogen", "kind", "sampled_on", "received_at", "residence", "health_worker",
    "symptoms", "state", "version", "expires_on",
)  # fmt: skip


def subscriber(*, pathogen: Pathogen) -> Subscriber:
    """Opens a case for every positive of a kind that is traced; withdraws it when the positive falls.

    A person who loses a case that way, or to the right person of a corrected result, may have another
    positive of the same episode, which opened none: it does now.
    """

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        results = announced(cursor, events, only="(r.result = 'P' AND r.current) OR r.version > 1")
        if not results:
            return
        kinds = pathogen.policy_on(events[-1].at.date()).case_kinds
        positives = {r.ledger_key: r for r in results if r.current and r.result == "P" and r.kind in kinds}
        without = _withdraw(cursor, {r.ledger_key for r in results} - positives.keys())
        without |= _follow(cursor, list(positives.values()))
        opened = _open(cursor, [*positives.values(), *_positives_of(cursor, without, kinds)])
        if any(r.version > 1 for r in results):  # whichever list a case leaves, too
            transaction.on_commit(CASES.ring)
        elif opened:
            transaction.on_commit(partial(CASES.ring, opened))

    return Subscriber(name="tracing.cases", topics=(RESULTS,), handle=handle)


def _withdraw(cursor: CursorWrapper, keys: set[bytes]) -> set[UUID]:
    """Withdraw the cases whose result is no longer a positive; whose they were."""
    if not keys:
        return set()
    cursor.execute(
        """UPDATE tracing_case SET state = %s, version = version + 1
           WHERE result_key = ANY(%s) AND state <> %s RETURNING person_id""",
        (rules.State.WITHDRAWN.value, sorted(keys), rules.State.WITHDRAWN.value),
    )
    return {person for (person,) in cursor.fetchall()}


def _follow(cursor: CursorWrapper, positives: Sequence[PublishedResult]) -> set[UUID]:
    """Let the cases there are say what their corrected results say; who is no longer concerned.

    Who holds a case and whether the person was called stay as they are.
    """
    if not positives:
        return set()
    cursor.execute(_FOLLOW, [*_arrays(positives), rules.State.WITHDRAWN.value])
    return {before for before, after in cursor.fetchall() if before != after}


def _positives_of(
    cursor: CursorWrapper, persons: set[UUID], kinds: Collection[str]
) -> Sequence[PublishedResult]:
    """The positives of these people that hold, oldest first."""
    if not persons:
        return ()
    cursor.execute(
        f"""SELECT {COLUMNS} FROM screening_result r
            WHERE r.person_id = ANY(%s) AND r.current AND r.result = 'P' AND r.kind = ANY(%s)
            ORDER BY r.received_at, r.id""",  # noqa: S608 -- a list of our own columns
        (list(persons), list(kinds)),
    )
    return [published(row) for row in cursor.fetchall()]


def _open(cursor: CursorWrapper, positives: Sequence[PublishedResult]) -> set[str]:
    """Open a case for each positive of an episode that has none; the departments of those opened."""
    if not positives:
        return set()
    cursor.execute(
        """SELECT person_id, sampled_on, result_key FROM tracing_case
           WHERE (person_id = ANY(%s) OR result_key = ANY(%s)) AND state <> %s""",
        ([r.person_id for r in positives], [r.ledger_key for r in positives], rules.State.WITHDRAWN.value),
    )
    episodes: dict[UUID, list[date]] = {}
    has_case = set()
    for person, sampled_on, key in cursor.fetchall():
        episodes.setdefault(person, []).append(sampled_on)
        has_case.add(bytes(key))
    candidates = {r.ledger_key: r for r in positives if r.ledger_key not in has_case}
    if not candidates:
        return set()
    opening = rules.to_open(
        (
            rules.Positive(result_key=key, person=r.person_id, sampled_on=r.sampled_on)
            for key, r in candidates.items()
        ),
        episodes=episodes,
        policy=rules.policy_on(max(r.sampled_on for r in candidates.values())),
    )
    rows = [r for key, r in candidates.items() if key in opening]
    if rows:
        cursor.execute(_OPEN, _arrays(rows))
    return {r.department for r in rows}


_UNNEST = """unnest(
        %s::uuid[], %s::date[], %s::uuid[], %s::bytea[], %s::uuid[], %s::uuid[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::date[], %s::timestamptz[], %s::text[], %s::bool[],
        %s::text[], %s::text[], %s::int[], %s::date[])"""
_CORRECTED = (
    "result_month", "result_id", "person_id", "identity_id", "department", "kind", "sampled_on",
    "residence", "health_worker", "symptoms", "expires_on",
)  # fmt: skip
"""What a new version of the result may change of its case."""

_FOLLOW = f"""
    UPDATE tracing_case c SET version = c.version + 1, {", ".join(f"{n} = n.{n}" for n in _CORRECTED)}
    FROM {_UNNEST} AS n({", ".join(_COLUMNS)}), tracing_case was
    WHERE c.result_key = n.result_key AND was.id = c.id AND c.state <> %s AND c.result_id <> n.result_id
    RETURNING was.person_id, c.person_id
"""  # noqa: S608 -- lists of our own columns

# A case that was withdrawn begins anew.
_OPEN = f"""
    INSERT INTO tracing_case ({", ".join(_COLUMNS)})
    SELECT * FROM {_UNNEST}
    ON CONFLICT (result_key) DO UPDATE SET
        {", ".join(f"{n} = excluded.{n}" for n in _CORRECTED)}, state = excluded.state,
        taken_by = NULL, taken_at = NULL, called_at = NULL, version = tracing_case.version + 1
"""  # noqa: S608 -- lists of our own columns


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
