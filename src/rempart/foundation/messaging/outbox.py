"""The outbox: messages are put into it in the transaction of what they tell, and leave by their carriers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.database.keys import uuid7
from rempart.foundation.messaging import contents, queue, refusals, rules, tallies
from rempart.foundation.messaging.letters import (
    Answer,
    Carrier,
    Channel,
    Letter,
    Maker,
    Message,
    Outcome,
    Parcel,
    State,
    Withdrawn,
)
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.policy import policy
from rempart.foundation.messaging.queue import Claimed, Held
from rempart.foundation.messaging.rules import Following
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import (
    KeyDestroyed,
    KeyProviderError,
    Keyring,
    Purpose,
    SealBroken,
    Sealer,
    unseal,
)

_log = logging.getLogger(__name__)

_COLUMNS = {
    "id": "uuid", "created_at": "timestamptz", "about": "varchar", "concerns": "bytea", "channels": "varchar", "rank": "int2",
    "channel": "varchar", "sealed": "bytea", "expires_on": "date", "zone": "varchar", "wakes": "bool",
    "state": "varchar", "attempts": "int2", "wanted_at": "timestamptz", "due_at": "timestamptz",
    "reference": "varchar", "reason": "varchar",
}  # fmt: skip

_AT_ONCE = 100
"""Parcels that a carrier is given in one go: what a crash may send a second time."""

_FEW = 10
"""The same, of a carrier that is slow, and at first: they must be brought out before the lease ends."""

_QUICK = 0.5
"""Seconds for each parcel beyond which a carrier is slow."""

_ASKED_AGAIN = timedelta(minutes=1)
"""How long what could not be opened waits, while who wraps the keys does not answer."""


class LocalCarrier:
    """Keeps everything in the outbox, where the demo's outbox page shows it; brings nothing out."""

    def carry(self, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        return [Outcome(answer=Answer.TAKEN)] * len(parcels)


def post(cursor: CursorWrapper, messages: Sequence[Message], *, keyring: Keyring, now: datetime) -> int:
    """Seal messages into the outbox, in the caller's transaction; how many were kept.

    Of those with the same mark (`once`) only the first is kept, however many transactions bring them at the same time.
    Raises ValueError for a message without a route or of an unknown time zone.
    """
    for message in messages:
        if not message.routes:
            raise ValueError(f"a message about {message.about} has no route")
        _known_zone(message.zone)
    kept = _unsaid(cursor, messages, now=now)
    sealers: dict[date, Sealer] = {}
    rows = []
    # each drawn by itself: who gets a mail knows its id, and by the id of another he could report of that one
    for key, message in zip(sorted(uuid7() for _ in kept), kept, strict=True):
        day = message.expires_on
        sealer = sealers.get(day) or sealers.setdefault(day, Sealer(keyring, Purpose.MESSAGE, day))
        due = message.due_at or now
        rows.append(
            (
                own := message.id or key, now, message.about, message.concerns, ",".join(one.channel for one in message.routes), 0,
                message.routes[0].channel.value, sealer.seal(contents.written(message.routes), context=own.bytes),
                day, message.zone, message.wakes, State.WAITING.value, 0, due, due, "", "",
            )
        )  # fmt: skip
    copy_rows(
        cursor.cursor, table="messaging_message", columns=[*_COLUMNS], types=[*_COLUMNS.values()], rows=rows
    )
    return len(rows)


def enqueue(
    cursor: CursorWrapper,
    letters: Sequence[Letter],
    *,
    keyring: Keyring,
    expires_on: date,
    now: datetime,
    about: str = "notice",
    wakes: bool = False,
) -> None:
    """Seal letters into the outbox, each a message with one route, in the caller's transaction."""
    messages = [
        Message(about=about, routes=(letter,), expires_on=expires_on, wakes=wakes) for letter in letters
    ]
    post(cursor, messages, keyring=keyring, now=now)


def withdraw(cursor: CursorWrapper, concerns: Sequence[bytes], *, now: datetime) -> set[tuple[bytes, str]]:
    """Drop what still waits to tell something of these, in the caller's transaction. What a carrier has in its hands
    goes on; what it could not bring out is dropped when it comes back.

    Gives back what had not been told to anybody yet: what it concerned, and the first word of `about`.
    """
    if not concerns:
        return set()
    cursor.execute(
        """WITH in_hands AS (
               UPDATE messaging_message SET reason = 'withdrawn'
               WHERE state = 'waiting' AND concerns = ANY(%(concerns)s) AND concerns <> '' AND claimed_until > %(now)s),
           gone AS (
               UPDATE messaging_message SET state = 'dropped', reason = 'withdrawn', ended_at = %(now)s, claimed_until = NULL
               WHERE state = 'waiting' AND concerns = ANY(%(concerns)s) AND concerns <> ''
                 AND (claimed_until IS NULL OR claimed_until <= %(now)s)
               RETURNING concerns, split_part(about, '.', 1) AS word)
           SELECT DISTINCT concerns, word FROM gone
           WHERE NOT EXISTS (
               SELECT FROM messaging_message m WHERE m.concerns = gone.concerns AND m.concerns <> ''
                 AND split_part(m.about, '.', 1) = gone.word
                 AND (m.state IN ('taken', 'delivered') OR m.claimed_until > %(now)s))""",
        {"concerns": list(concerns), "now": now},
    )
    return {(bytes(key), word) for key, word in cursor.fetchall()}


def failed(cursor: CursorWrapper, *, about: str, since: datetime) -> list[bytes]:
    """What messages of a kind concern that came to their end since then and could be brought by no route, or whose
    recipient wants none by any; each once."""
    cursor.execute(
        """SELECT DISTINCT concerns FROM messaging_message
           WHERE state IN ('failed', 'dropped') AND about = %s AND ended_at >= %s AND concerns <> ''
             AND (state = 'failed' OR reason = %s)""",
        (about, since, rules.UNWANTED),
    )
    return [bytes(row[0]) for row in cursor.fetchall()]


def deliver(
    carriers: Mapping[Channel, Carrier],
    makers: Mapping[str, Maker],
    *,
    keyring: Keyring,
    now: datetime,
    most: int = 500,
    lease: timedelta = queue.LEASE,
) -> int:
    """Hand up to `most` messages that are due, of each of these channels, to its carrier; how many left or ended.

    Not within a transaction. Several workers may run: each message is in one's hands, until its `lease` ends at most.
    One that was handed over just before a crash may go out a second time: a notice twice is better than none. What
    could not leave is tried again, and then by its next route, as the policy of the day says.
    """
    return sum(
        _deliver(channel, carrier, makers, keyring=keyring, now=now, most=most, lease=lease)
        for channel, carrier in carriers.items()
    )


def open_routes(row: Row, *, keyring: Keyring) -> tuple[Letter, ...]:
    """The letters of a row, one for each of its routes; none once its day has passed. Raises SealBroken."""
    try:
        return _routes(row.id.bytes, bytes(row.sealed), Channel(row.channel), keyring=keyring)
    except KeyDestroyed:
        return ()


def newest(*, keyring: Keyring, most: int = 50) -> Iterable[tuple[datetime, Letter]]:
    """The latest letters, by the route that they took, newest first: for the demo's outbox page only."""
    for row in Row.objects.order_by("-created_at", "-id")[:most]:
        try:
            routes = open_routes(row, keyring=keyring)
        except SealBroken:
            continue
        if routes:
            yield row.created_at, routes[row.rank]


def _unsaid(cursor: CursorWrapper, messages: Sequence[Message], *, now: datetime) -> list[Message]:
    """Those that nobody has said yet: without a mark, or the first of theirs."""
    first: dict[bytes, Message] = {}
    for message in messages:
        if message.once:
            first.setdefault(message.once, message)
    if not first:
        return list(messages)
    until = retention(Kind.LETTER_MARK).last_day(now.date(), today=now.date())
    cursor.execute(  # in their order, so that two transactions with the same ones do not wait for each other
        "INSERT INTO messaging_mark (mark, expires_on) SELECT mark, %s FROM unnest(%s::bytea[]) AS mark ORDER BY mark"
        " ON CONFLICT DO NOTHING RETURNING mark",
        (until, list(first)),
    )
    new = {bytes(mark) for (mark,) in cursor.fetchall()}
    return [
        message
        for message in messages
        if not message.once or (message.once in new and first[message.once] is message)
    ]


def _deliver(
    channel: Channel,
    carrier: Carrier,
    makers: Mapping[str, Maker],
    *,
    keyring: Keyring,
    now: datetime,
    most: int,
    lease: timedelta,
) -> int:
    until = now + lease
    begun = time.monotonic()
    claimed = queue.claim(channel, now=now, until=until, most=most)
    left, size = 0, _FEW
    while claimed:
        started = time.monotonic()
        if started - begun > lease.total_seconds() / 3:
            queue.hold([(one, Held(due_at=now)) for one in claimed], until=until)
            break
        portion, claimed = claimed[:size], claimed[size:]
        following, held = _try(portion, carrier, makers, keyring=keyring, now=now)
        queue.record(following, until=until, now=now)
        queue.hold(held, until=until)
        left += sum(then.state is not State.WAITING for _, then in following)
        size = _AT_ONCE if time.monotonic() - started < _QUICK * len(portion) else _FEW
    return left


def _try(
    portion: Sequence[Claimed],
    carrier: Carrier,
    makers: Mapping[str, Maker],
    *,
    keyring: Keyring,
    now: datetime,
) -> tuple[list[tuple[Claimed, Following]], list[tuple[Claimed, Held]]]:
    """What becomes of some messages of one channel: what follows for those that were tried, and who was held."""
    following: list[tuple[Claimed, Following]] = []
    held: list[tuple[Claimed, Held]] = []
    letters: list[tuple[Claimed, Letter]] = []
    for one in portion:
        then = _open(one, keyring=keyring, now=now)
        if isinstance(then, Letter):
            letters.append((one, then))
        elif isinstance(then, Held):
            held.append((one, then))
        else:
            following.append((one, then))
    parcels: list[tuple[Claimed, Parcel]] = []
    for (one, letter), why in zip(letters, _spared(letters, keyring=keyring, now=now), strict=True):
        if why:
            following.append((one, rules.next_route(one.standing, reason=why, now=now)))
            continue
        made = _packed(one, letter, makers, keyring=keyring, now=now)
        if isinstance(made, Parcel):
            parcels.append((one, made))
        else:
            following.append((one, made))
    outcomes = _carry(carrier, [parcel for _, parcel in parcels])
    for (one, _), outcome in zip(parcels, outcomes, strict=True):
        way = policy().of(one.channel, now.date())
        following.append((one, rules.follow(one.standing, outcome, policy=way, now=now)))
    return following, held


def _open(one: Claimed, *, keyring: Keyring, now: datetime) -> Letter | Held | Following:
    """What a message says by the route that it takes; or why it does not leave now."""
    way = policy().of(one.channel, now.date())
    if one.withdrawn:
        return queue.ended(one.standing, State.DROPPED, "withdrawn", now=now)
    if one.expires_on < now.date():
        return queue.ended(one.standing, State.EXPIRED, "expired", now=now)
    if not one.wakes and (quiet := rules.quiet_until(way, zone=one.zone, now=now)):
        return Held(due_at=quiet, wanted=True)
    try:
        routes = _routes(one.id.bytes, one.sealed, one.channel, keyring=keyring)
    except KeyDestroyed:
        return queue.ended(one.standing, State.EXPIRED, "expired", now=now)
    except SealBroken:
        _log.error("letter %s cannot be opened by anybody any more; it is given up", one.id)
        return queue.ended(one.standing, State.FAILED, "unreadable", now=now)
    except KeyProviderError:
        return Held(due_at=now + _ASKED_AGAIN)
    return routes[one.standing.rank]


def _spared(letters: Sequence[tuple[Claimed, Letter]], *, keyring: Keyring, now: datetime) -> list[str]:
    """Of each, why its recipient is spared it, as far as he may refuse it: he wants none, or had many today; or "".
    A message is counted once, however often its route is tried."""
    whys = [""] * len(letters)
    asked = [at for at, (one, _) in enumerate(letters) if _may_be_refused(one, now)]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        stopped = refusals.unwanted(cursor, [letters[at][1] for at in asked], keyring=keyring, now=now)
        for at, stop in zip(asked, stopped, strict=True):
            whys[at] = rules.UNWANTED if stop else ""
        new = [at for at in asked if not whys[at] and not letters[at][0].standing.attempts]
        many = tallies.too_many(cursor, [letters[at][1] for at in new], keyring=keyring, now=now)
        for at, often in zip(new, many, strict=True):
            whys[at] = rules.OFTEN if often else ""
    return whys


def _may_be_refused(one: Claimed, now: datetime) -> bool:
    return policy().may_be_refused(one.about, now.date())


def _packed(
    one: Claimed, letter: Letter, makers: Mapping[str, Maker], *, keyring: Keyring, now: datetime
) -> Parcel | Following:
    """A letter as it leaves, with its documents and the link by which more of them is refused; or why it does not."""
    way = policy().of(one.channel, now.date())
    try:
        documents = tuple(
            (each.name, each.media_type, makers[each.maker](each.of)) for each in letter.enclosures
        )
    except Withdrawn:
        return queue.ended(one.standing, State.DROPPED, "withdrawn", now=now)
    except Exception as error:  # whatever a maker raises; its text may name the person
        _log.warning("what goes with letter %s cannot be made (%s); it waits", one.id, type(error).__name__)
        unmade = Outcome(answer=Answer.LATER, reason="document")
        return rules.follow(one.standing, unmade, policy=way, now=now)
    if letter.channel is Channel.EMAIL and _may_be_refused(one, now):
        letter = refusals.refusable(letter, keyring=keyring)
    return Parcel(id=one.id, letter=letter, documents=documents)


def _carry(carrier: Carrier, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
    if not parcels:
        return []
    try:
        outcomes = carrier.carry(parcels)
        if len(outcomes) != len(parcels):
            raise RuntimeError("as many outcomes as parcels")
    except Exception as error:  # whatever a carrier raises; its text may name the recipient
        _log.warning("%d letters could not leave (%s); they wait", len(parcels), type(error).__name__)
        return [Outcome(answer=Answer.LATER, reason="carrier")] * len(parcels)
    return outcomes


def _routes(key: bytes, sealed: bytes, channel: Channel, *, keyring: Keyring) -> tuple[Letter, ...]:
    content = unseal(keyring, sealed, purpose=Purpose.MESSAGE, context=key)
    return contents.read(content, channel=channel)


@lru_cache(maxsize=64)
def _known_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError):
        raise ValueError(f"time zone {name!r} is not known") from None
