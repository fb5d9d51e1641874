"""The daily run: what is past its day is destroyed, keys first, then index keys, then rows.

Every step is a short transaction of its own, which may be killed at any moment and run again; several runs
at once do everything once. What was destroyed is counted in the transaction that destroyed it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import DatabaseError
from django.db.backends.utils import CursorWrapper

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.retention import BATCH, CEILING, Step, sweep
from rempart.foundation.vault import Keyring
from rempart.protection.retention import rules
from rempart.protection.retention.models import DestroyedKey, Mark, Run
from rempart.protection.retention.parts import DIGESTS, PARTS, by_result
from rempart.protection.retention.services import holds, proof
from rempart.screening.services import moving
from rempart.tracing.services import retention as tracing

_log = logging.getLogger(__name__)

_AT_ONCE = 500
"""Results sealed again in one transaction."""

Tell = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step further: what it is about, and how much of it went until now."""

    step: str
    done: int


def run(*, keyring: Keyring, now: datetime, tell: Tell = lambda _: None) -> Mapping[str, int]:
    """Destroy what is past its day; how much of each thing went in this run.

    Raises what the key store or the database raises; the next run goes on where this one stopped.
    """
    today, began = now.date(), time.monotonic()
    actor = system(Purpose.OPERATION)
    counts: dict[str, int] = {}

    def note(gone: Mapping[str, int], step: str) -> None:
        for what, number in gone.items():
            counts[what] = counts.get(what, 0) + number
        tell(Progress(step=step, done=sum(gone.values())))

    Run.objects.get_or_create(day=today, defaults={"started_at": now, "step": ""})
    dead = rules.digests_dead_until(today, (v for one in by_result().values() for v in one.values()))
    for name, steps in _plan(actor, keyring=keyring, today=today, digests_dead=dead, now=now):
        Run.objects.filter(day=today).update(step=name)
        for gone in steps:
            note(gone, name)
    finished = now + timedelta(seconds=time.monotonic() - began)
    Run.objects.filter(day=today).update(step="", finished_at=finished)
    overdue = proof.prove(keyring=keyring, now=now, destroyed=sum(counts.values()))
    if overdue:
        _log.error("retention: %s thing(s) past their day are still there; see the proof", overdue)
    return counts


def _plan(
    actor: Actor, *, keyring: Keyring, today: date, digests_dead: date, now: datetime
) -> Iterator[tuple[str, Iterator[Mapping[str, int]]]]:
    """The steps in their order; nothing of one begins before the one before has ended."""
    yield "holds", holds.keep_held(actor, keyring=keyring, today=today)
    yield "policy", _follow_policy(actor, keyring=keyring, today=today)
    yield "keys", iter([_destroy_keys(keyring, today=today, digests_dead=digests_dead, now=now)])
    yield "unused keys", iter([_destroy_unused(actor, keyring, today=today, now=now)])
    for part in PARTS:
        if part.step is not None:
            yield part.table, _forget(part.table, part.step, actor, today=today)
    yield "digests", _sweep_digests(actor, made_until=digests_dead, today=today)


def _follow_policy(actor: Actor, *, keyring: Keyring, today: date) -> Iterator[Mapping[str, int]]:
    """Give results the day that a version of the policy moved them to, while they can still be opened."""
    for pathogen, by_letter in by_result().items():
        days = [
            (one.day, one.result, one.was, one.due)
            for one in rules.misplaced(today - CEILING, today, by_letter)
        ]
        while days:
            with acting(actor) as cursor:
                held = holds.held_persons(today)
                found = moving.received(cursor, days, pathogen=pathogen, but=held, most=_AT_ONCE)
                persons = {kept.person_id for kept, _ in found}
                moved = moving.move(
                    cursor,
                    {(kept.month, kept.id): due for kept, due in found},
                    persons=persons,
                    keyring=keyring,
                    today=today,
                    accesses=True,
                )
                tracing.follow_results(cursor, persons)
            yield {"moved": moved}
            if len(found) < _AT_ONCE or not moved:
                break


def _destroy_keys(keyring: Keyring, *, today: date, digests_dead: date, now: datetime) -> Mapping[str, int]:
    """Destroy the keys whose day or half-year is past; each is noted before, and confirmed after."""
    _note_keys(rules.overdue_keys(keyring.names(), today=today, digests_dead=digests_dead), today=today)
    keyring.destroy_expired(today)
    keyring.destroy_index_periods(before=digests_dead + rules.ONE_DAY)
    return {"keys": _confirm_keys(keyring, now=now)}


def _destroy_unused(actor: Actor, keyring: Keyring, *, today: date, now: datetime) -> Mapping[str, int]:
    """Destroy keys of days to come under which nothing is sealed any more: a shorter law or a lifted order moved
    it. What an old dump holds under them is gone, too."""
    names = keyring.names()
    used = rules.sealed_now(today, (v for one in by_result().values() for v in one.values()))
    days = {
        purpose: [
            day
            for name in names
            if name.startswith(prefix := f"data/{purpose.name.lower()}/")
            and today <= (day := date.fromisoformat(name.removeprefix(prefix)))
            and day not in used
        ]
        for purpose in moving.SEALED_UNDER
    }
    with acting(actor) as cursor:
        unused = moving.without_seal(cursor, days)
        noted = [f"data/{p.name.lower()}/{day}" for p, found in unused.items() for day in found]
        DestroyedKey.objects.bulk_create(
            [DestroyedKey(name=name, day=today, destroyed_at=now) for name in noted], ignore_conflicts=True
        )
        for purpose, found in unused.items():
            keyring.destroy_data_keys(purpose, found)
    return {"keys": len(noted)}


def _note_keys(names: Iterable[str], *, today: date) -> None:
    DestroyedKey.objects.bulk_create(
        [DestroyedKey(name=name, day=today) for name in names], ignore_conflicts=True
    )


def _confirm_keys(keyring: Keyring, *, now: datetime) -> int:
    """Note that keys which were to go have gone; how many."""
    alive = set(keyring.names())
    unconfirmed = DestroyedKey.objects.filter(destroyed_at=None).values_list("name", flat=True)
    gone = [name for name in unconfirmed if name not in alive]
    return DestroyedKey.objects.filter(destroyed_at=None, name__in=gone).update(destroyed_at=now)


def _forget(table: str, step: Step, actor: Actor, *, today: date) -> Iterator[Mapping[str, int]]:
    """Steps of one table, each counted in its own transaction, until nothing is left of it.

    What the database refuses (somebody reads the table, a month is not sealed yet) waits for the next run;
    the proof says so meanwhile.
    """
    while True:
        try:
            with acting(actor) as cursor:
                gone = step(cursor, today, BATCH)
                _count(cursor, today, gone)
        except DatabaseError as refused:
            _log.warning("retention: %s waits for the next run (%s)", table, type(refused).__name__)
            return
        if not gone:
            return
        yield gone


def _sweep_digests(actor: Actor, *, made_until: date, today: date) -> Iterator[Mapping[str, int]]:
    """Delete the digests of dead half-years, once for each."""
    for digests in DIGESTS:
        mark, _ = Mark.objects.get_or_create(what=digests.table, defaults={"upto": date.min})
        if mark.upto >= made_until:
            continue
        block: int | None = 0
        while block is not None:
            with acting(actor) as cursor:
                number, block = sweep(cursor, digests, made_until=made_until, block=block)
                _count(cursor, today, {digests.table: number})
            yield {digests.table: number}
        Mark.objects.filter(what=digests.table).update(upto=made_until)


def _count(cursor: CursorWrapper, today: date, gone: Mapping[str, int]) -> None:
    """Add to what was destroyed today, in the transaction that destroyed it."""
    for what, number in gone.items():
        if number:
            cursor.execute(
                """INSERT INTO retention_destroyed (day, what, number) VALUES (%s, %s, %s)
                   ON CONFLICT (day, what) DO UPDATE SET number = retention_destroyed.number + excluded.number""",
                (today, what, number),
            )
