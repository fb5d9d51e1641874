"""Who is to be looked up in the teleservice, and what became of it.

Identities are picked from what is kept, in the order of their keys, which begin with their time: nothing is written on
the road of results. Somebody who has a number already, by whatever message, is not looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.backends.utils import CursorWrapper
from django.db.models import Count, Min

from rempart.foundation.people.models import InsRequest, Teleservice
from rempart.foundation.people.teleservice.policy import policy
from rempart.foundation.people.teleservice.rules import Breaker

_STEP = 20_000
"""Identities looked at in one transaction: a fraction of a second."""

_TIME_BITS = 80
"""What a UUIDv7 has after its milliseconds."""


class State(StrEnum):
    """Where a request stands. Those that end well or badly stay as long as their identity."""

    WAITING = "waiting"
    FOUND = "found"  # the person has gained the number
    TO_REVIEW = "to-review"  # it is another person's here: the link says so, nobody is joined
    NONE = "none"
    SEVERAL = "several"
    DOUBTFUL = "doubtful"  # the answer does not hold
    UNASKABLE = "unaskable"  # too little is known to ask
    GONE = "gone"  # the identity's day passed, or its person gained a number otherwise
    FAILED = "failed"  # the service did not answer, however often it was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request that is being asked now; nobody else takes it before its lease is over."""

    identity: UUID
    person: UUID
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the queue stands. `oldest`: since when the oldest waits; `ended`: how many ended in each state in a day."""

    waiting: int
    oldest: datetime | None
    breaker: Breaker
    answered_at: datetime | None
    why: str
    ended: Mapping[str, int]

    def notes(self, now: datetime) -> tuple[str, ...]:
        """What somebody should do something about."""
        notes = []
        if self.breaker.is_open(now):
            notes.append(
                f"the teleservice does not answer ({self.why}); nobody asks until {self.breaker.open_until:%H:%M:%S} UTC"
            )
        elif self.breaker.failures:
            notes.append(f"{self.breaker.failures} failures in a row, the last one: {self.why}")
        if self.oldest is not None and now - self.oldest > policy().late:
            notes.append(f"a request waits since {self.oldest:%Y-%m-%d %H:%M} UTC")
        if failed := self.ended.get(State.FAILED, 0):
            notes.append(f"{failed} requests were given up in a day: rempart ins retry")
        return tuple(notes)


def gather(cursor: CursorWrapper, *, now: datetime, most: int = _STEP) -> tuple[int, bool]:
    """Queue the next identities without number, in the caller's transaction, which sees everything.

    How many were queued, and whether there is more to look at.
    """
    state = _state(cursor)
    until = UUID(int=int((now - policy().settled).timestamp() * 1000) << _TIME_BITS)
    cursor.execute(
        "SELECT id FROM people_identity WHERE id > %s AND id < %s ORDER BY id OFFSET %s LIMIT 1",
        (state.after, until, most - 1),
    )
    row = cursor.fetchone()
    last = row[0] if row else until
    if last <= state.after:
        return 0, False
    cursor.execute(
        """
        INSERT INTO people_ins_request (identity_id, person_id, state, queued_at, next_at, tries, why)
        SELECT DISTINCT ON (l.person_id) i.id, l.person_id, %(waiting)s, %(now)s, %(now)s, 0, ''
        FROM people_identity i JOIN people_link l ON l.identity_id = i.id
        WHERE i.id > %(after)s AND i.id <= %(last)s AND i.ins IS NULL AND i.expires_on >= %(today)s
          AND NOT EXISTS (SELECT FROM people_matching_key k WHERE k.person_id = l.person_id AND k.is_ins)
          AND NOT EXISTS (
              SELECT FROM people_ins_request r
              WHERE r.person_id = l.person_id AND (r.state = %(waiting)s OR r.queued_at > %(again)s)
          )
        ORDER BY l.person_id, i.id DESC
        ON CONFLICT DO NOTHING
        """,
        {
            "waiting": State.WAITING,
            "now": now,
            "after": state.after,
            "last": last,
            "today": now.date(),
            "again": now - policy().again,
        },
    )
    queued = cursor.rowcount
    Teleservice.objects.filter(pk=1).update(after=last)
    return queued, row is not None


def claim(cursor: CursorWrapper, *, most: int, now: datetime) -> list[Claim]:
    """Take at most so many requests that are due, those that wait longest first."""
    cursor.execute(
        """
        UPDATE people_ins_request SET next_at = %(lease)s, tries = tries + 1
        WHERE identity_id IN (
            SELECT identity_id FROM people_ins_request WHERE state = %(waiting)s AND next_at <= %(now)s
            ORDER BY next_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
        ) RETURNING identity_id, person_id, tries
        """,
        {"lease": now + policy().lease, "now": now, "most": most, "waiting": State.WAITING},
    )
    return [Claim(identity=one, person=person, tries=tries) for one, person, tries in cursor.fetchall()]


def end(claimed: Claim, state: State, *, now: datetime, why: str = "", gained: UUID | None = None) -> None:
    """Say what became of a request."""
    InsRequest.objects.filter(identity_id=claimed.identity).update(
        state=state, ended_at=now, why=why, gained_id=gained
    )


def put_back(claimed: Claim, *, why: str, pause: timedelta, now: datetime) -> None:
    """A request that was not answered: later again, or given up after the last try."""
    if claimed.tries >= policy().retry.most_tries:
        end(claimed, State.FAILED, now=now, why=why)
        return
    InsRequest.objects.filter(identity_id=claimed.identity).update(next_at=now + pause, why=why)


def retry(*, now: datetime) -> int:
    """Ask again about all that was given up, and close the breaker: somebody mended what was wrong. How many."""
    Teleservice.objects.filter(pk=1).update(failures=0, open_until=None, opened=0)
    return InsRequest.objects.filter(state=State.FAILED).update(
        state=State.WAITING, next_at=now, tries=0, ended_at=None
    )


def breaker() -> Breaker:
    """The circuit breaker, as all workers share it."""
    row = Teleservice.objects.filter(pk=1).first()
    return _breaker(row) if row else Breaker()


def note_outcomes(cursor: CursorWrapper, outcomes: list[str], *, now: datetime) -> Breaker:
    """Tell the breaker how requests went, in their order: "" answered, else why not. What it is then."""
    row = _state(cursor)
    found = _breaker(row)
    for why in outcomes:
        if why:
            found = found.failed(now, policy=policy().breaker)
            row.why = why
        else:
            found = found.answered()
            row.answered_at = now
    row.failures, row.open_until, row.opened = found.failures, found.open_until, found.opened
    row.save()
    return found


def standing(*, now: datetime) -> Standing:
    """How the queue stands, in three queries."""
    waiting = InsRequest.objects.filter(state=State.WAITING).aggregate(
        number=Count("identity_id"), oldest=Min("queued_at")
    )
    ended = (
        InsRequest.objects.filter(ended_at__gt=now - timedelta(days=1))
        .values_list("state")
        .annotate(number=Count("identity_id"))
    )
    row = Teleservice.objects.filter(pk=1).first()
    return Standing(
        waiting=waiting["number"],
        oldest=waiting["oldest"],
        breaker=_breaker(row) if row else Breaker(),
        answered_at=row.answered_at if row else None,
        why=row.why if row else "",
        ended=dict(ended.order_by("state")),
    )


def _state(cursor: CursorWrapper) -> Teleservice:
    """The one row, locked until the transaction ends."""
    cursor.execute(
        "INSERT INTO people_teleservice (id, after, failures, opened, why) VALUES (1, %s, 0, 0, '')"
        " ON CONFLICT DO NOTHING",
        (UUID(int=0),),
    )
    return Teleservice.objects.select_for_update().get(pk=1)


def _breaker(row: Teleservice) -> Breaker:
    return Breaker(failures=row.failures, open_until=row.open_until, opened=row.opened)
