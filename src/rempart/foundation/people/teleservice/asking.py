"""The queue worked off: a few requests at once, each answer kept in a transaction of its own, the breaker told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from rempart.foundation.people.rules import Certainty
from rempart.foundation.people.teleservice import gaining, queue
from rempart.foundation.people.teleservice.client import Outcome, Teleservice, Unanswered
from rempart.foundation.people.teleservice.endpoint import Endpoint
from rempart.foundation.people.teleservice.gaining import Gone
from rempart.foundation.people.teleservice.policy import policy
from rempart.foundation.people.teleservice.queue import Claim, State
from rempart.foundation.people.teleservice.rules import Code, Traits, Verdict, pause_before
from rempart.foundation.vault import Keyring

Seeing = Callable[[], AbstractContextManager[CursorWrapper]]
"""Opens a transaction that sees everything, and yields its cursor."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One look-up, for the audit: whose, and how it ended. Nothing of the answer."""

    identity: UUID
    person: UUID
    state: State


def work(
    endpoint: Endpoint,
    *,
    seeing: Seeing,
    keyring: Keyring,
    clock: Clock,
    until: datetime,
    tell: Callable[[Told], None],
) -> int:
    """Queue what is new, and ask until nothing is due, the breaker opens or `until` has come; how many ended.

    `tell` is called in the transaction that keeps what was answered, where something was asked of the service.
    """
    more = True
    while more and clock() < until:
        with seeing() as cursor:
            _, more = queue.gather(cursor, now=clock())
    ended = 0
    while clock() < until:
        wave = _claim(seeing, keyring=keyring, clock=clock)
        if wave is None:
            break
        answers = asyncio.run(_ask(endpoint, [traits for _, traits in wave], clock=clock)) if wave else []
        for (claimed, _), answer in zip(wave, answers, strict=True):
            ended += _keep(claimed, answer, seeing=seeing, keyring=keyring, now=clock(), tell=tell)
        if answers:
            outcomes = [answer.why if isinstance(answer, Unanswered) else "" for answer in answers]
            with seeing() as cursor:
                queue.note_outcomes(cursor, outcomes, now=clock())
    return ended


def search_now(endpoint: Endpoint, traits: Traits, *, clock: Clock) -> Outcome | None:
    """Look somebody up at once, for whoever waits at a desk: one conversation, no queue, no retry.

    None when the traits do not suffice. Raises Unanswered: the desk goes on without.
    """

    async def run() -> Outcome | None:
        try:
            async with (
                asyncio.timeout(policy().bounds.desk_seconds),
                Teleservice(endpoint, clock=clock) as service,
            ):
                return await service.search(traits)
        except TimeoutError:
            raise Unanswered("timeout") from None

    return asyncio.run(run())


def verify_now(endpoint: Endpoint, number: str, traits: Traits, *, clock: Clock) -> Verdict:
    """Whether a number is that of these traits, at once. Raises Unanswered."""

    async def run() -> Verdict:
        async with Teleservice(endpoint, clock=clock) as service:
            return await service.verify(number, traits)

    return asyncio.run(run())


def _claim(seeing: Seeing, *, keyring: Keyring, clock: Clock) -> list[tuple[Claim, Traits]] | None:
    """The next requests with what is known of each; None when none is due or may be asked."""
    now = clock()
    with seeing() as cursor:
        allowed = queue.breaker().allows(now, at_once=policy().at_once)
        claimed = queue.claim(cursor, most=allowed, now=now) if allowed else []
        if not claimed:
            return None
        found = []
        for one in claimed:
            if one.tries > policy().retry.most_tries:  # a worker died over it each time
                queue.end(one, State.FAILED, now=now, why="never-came-back")
                continue
            try:
                found.append((one, gaining.known_traits(one.identity, keyring=keyring)))
            except Gone:
                queue.end(one, State.GONE, now=now)
        return found


async def _ask(
    endpoint: Endpoint, people: Sequence[Traits], *, clock: Clock
) -> list[Outcome | Unanswered | None]:
    """A conversation about each, all at once; what could not be answered in its place."""
    try:
        async with Teleservice(endpoint, clock=clock) as service:
            return await asyncio.gather(*(_search(service, traits) for traits in people))
    except Unanswered as why:  # our certificate cannot be read: nobody was asked
        return [why for _ in people]


async def _search(service: Teleservice, traits: Traits) -> Outcome | Unanswered | None:
    try:
        return await service.search(traits)
    except Unanswered as why:
        return why


def _keep(
    claimed: Claim,
    answer: Outcome | Unanswered | None,
    *,
    seeing: Seeing,
    keyring: Keyring,
    now: datetime,
    tell: Callable[[Told], None],
) -> bool:
    """Keep what became of a request; whether it ended."""
    with seeing() as cursor:
        if isinstance(answer, Unanswered):
            pause = pause_before(claimed.tries, chance=random.random(), policy=policy().retry)
            queue.put_back(claimed, why=answer.why, pause=pause, now=now)
            return False
        if answer is None:
            queue.end(claimed, State.UNASKABLE, now=now)
            return True
        state = _ended(cursor, claimed, answer, keyring=keyring, now=now)
        tell(Told(identity=claimed.identity, person=claimed.person, state=state))
        return True


def _ended(
    cursor: CursorWrapper, claimed: Claim, answer: Outcome, *, keyring: Keyring, now: datetime
) -> State:
    if answer.identity is None:
        state = State.SEVERAL if answer.code is Code.SEVERAL else State.NONE
        queue.end(claimed, state, now=now)
        return state
    if answer.doubt:
        queue.end(claimed, State.DOUBTFUL, now=now, why=answer.doubt)
        return State.DOUBTFUL
    try:
        key, _, certainty = gaining.gain(
            cursor, identity=claimed.identity, found=answer.identity, keyring=keyring, now=now
        )
    except Gone:
        queue.end(claimed, State.GONE, now=now)
        return State.GONE
    state = State.FOUND if certainty is Certainty.CERTAIN else State.TO_REVIEW
    queue.end(claimed, state, now=now, gained=key)
    return state
