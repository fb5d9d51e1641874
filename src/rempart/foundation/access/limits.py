"""How often what may be done: data/limits.toml, and the counters that all processes share.

Counters are one unlogged table of instants (access_allowance), under keyed digests: it tells neither an
address nor an account, costs no write-ahead log, and is empty after a crash of the server. Each function is
a transaction of its own: call it before the one that does the work, or the count would go with it.
"""

from __future__ import annotations

import tomllib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from threading import Lock
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from rempart.foundation.access import pace as rules
from rempart.foundation.access.origin import network
from rempart.foundation.access.pace import Guessing, Pace, Whose
from rempart.foundation.access.refusals import TooMany

_Key = TypeVar("_Key", bound=StrEnum)

_MOST_REMEMBERED = 100_000
"""Networks, agents and keys that one process counts; those not seen for the longest time are forgotten."""


class Door(StrEnum):
    """Where somebody proves who he is."""

    SIGN_IN = "sign-in"
    SECOND_FACTOR = "second-factor"
    RECOVERY = "recovery"
    PORTAL = "portal"


class Use(StrEnum):
    """What is counted against one thing, whoever asks."""

    PORTAL_CODE = "portal-code"
    PORTAL_CODES_SENT = "portal-codes-sent"
    SEARCH = "search"
    PHONE = "phone"
    LETTERS = "letters"
    PREREGISTRATIONS = "preregistrations"
    PREREGISTRATION_CODES = "preregistration-codes"


class Local(StrEnum):
    """What each web process counts by itself."""

    ADDRESS = "address"
    AGENT = "agent"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Live lists of one agent in one process, and how long one lasts."""

    most: int
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The content of data/limits.toml."""

    guess: Mapping[Door, Guessing]
    pace: Mapping[Use, Pace]
    process: Mapping[Local, Pace]
    streams: Streams


@lru_cache(maxsize=1)
def limits() -> Limits:
    """What is in force. Raises KeyError or ValueError when the file names what does not exist."""
    found = tomllib.loads(resources.files(__package__).joinpath("data/limits.toml").read_text("utf-8"))
    return Limits(
        guess={Door(name): _guessing(row) for name, row in found["guess"].items()},
        pace={Use(name): _pace(row) for name, row in found["pace"].items()},
        process={Local(name): _pace(row) for name, row in found["process"].items()},
        streams=Streams(
            most=found["streams"]["most"], longest=timedelta(seconds=found["streams"]["seconds"])
        ),
    )


def charge(door: Door, *, subject: str, address: str, now: datetime) -> None:
    """Count one try before it is looked at; `subject` is the account or reference that is tried.

    Raises TooMany: look at nothing then, right or wrong. Nothing says whether the subject exists.
    """
    keys = _keys(door, subject=subject, address=address)
    with transaction.atomic():
        charged = rules.charge(_locked(keys, now=now), guessing=limits().guess[door], now=now)
        _keep(keys, charged.changed)
    if not charged.passes:
        raise TooMany(charged.wait)


def give_back(door: Door, *, subject: str, address: str, now: datetime) -> None:
    """The try was right: the person's own allowance is full again; what others failed stays counted."""
    keys = _keys(door, subject=subject, address=address)
    with transaction.atomic():
        _keep(keys, rules.give_back(_locked(keys, now=now), guessing=limits().guess[door], now=now))


def take(use: Use, *, of: str, now: datetime) -> None:
    """Count one use of a thing. Raises TooMany."""
    pace, keys = limits().pace[use], {use: _digest(use, of)}
    with transaction.atomic():
        full_at = _locked(keys, now=now).get(use)
        wait = pace.wait(full_at, now=now)
        if not wait:
            _keep(keys, {use: pace.take(full_at, now=now)})
    if wait:
        raise TooMany(wait)


def tidy(*, now: datetime) -> int:
    """Forget the allowances that are full; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_allowance WHERE full_at <= %s", [now])
        return int(cursor.rowcount)


class Counters:
    """What one process counts by itself, under what the caller names: no round trip, nothing kept."""

    def __init__(self, paces: Mapping[Local, Pace]) -> None:
        self._paces = paces
        self._full_at: OrderedDict[tuple[Local, str], datetime] = OrderedDict()
        self._lock = Lock()

    def take(self, what: Local, *, of: str, now: datetime) -> None:
        """Count one. Raises TooMany."""
        key, pace = (what, of), self._paces[what]
        with self._lock:
            full_at = self._full_at.get(key)
            wait = pace.wait(full_at, now=now)
            if wait:
                raise TooMany(wait)
            self._full_at[key] = pace.take(full_at, now=now)
            self._full_at.move_to_end(key)
            if len(self._full_at) > _MOST_REMEMBERED:
                self._full_at.popitem(last=False)


def _guessing(row: Mapping[str, Any]) -> Guessing:
    if unknown := set(row) - {whose.value for whose in Whose}:
        raise ValueError(f"limits.toml: {', '.join(sorted(unknown))}")
    first = row.get(Whose.FIRST)
    return Guessing(
        pair=_pace(row[Whose.PAIR]),
        subject=_pace(row[Whose.SUBJECT]),
        network=_pace(row[Whose.NETWORK]),
        first=_pace(first) if first else None,
        known=timedelta(days=row[Whose.KNOWN]),
    )


def _pace(row: Iterable[float]) -> Pace:
    burst, seconds = row
    return Pace(burst=int(burst), each=timedelta(seconds=seconds))


def _keys(door: Door, *, subject: str, address: str) -> dict[Whose, bytes]:
    where = network(address)
    keys = {
        Whose.PAIR: _digest(door, "pair", subject, where),
        Whose.SUBJECT: _digest(door, "subject", subject),
        Whose.NETWORK: _digest(door, "network", where),
        Whose.KNOWN: _digest(door, "known", subject, where),
    }
    if limits().guess[door].first is not None:
        keys[Whose.FIRST] = _digest(door, "first", subject, where)
    return keys


def _digest(*parts: str) -> bytes:
    said = repr(tuple(map(str, parts)))
    return salted_hmac("rempart.limits", said, algorithm="sha256").digest()[:16]


def _locked(keys: Mapping[_Key, bytes], *, now: datetime) -> dict[_Key, datetime]:
    """The allowances, made full where they are missing, and held until the transaction ends.

    In the order of their keys: two that want the same ones do not wait for each other for ever.
    """
    names = {key: name for name, key in keys.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_allowance AS a (key, full_at) SELECT key, %s FROM unnest(%s::bytea[]) key"
            " ON CONFLICT (key) DO UPDATE SET full_at = a.full_at RETURNING key, full_at",
            [now, sorted(names)],
        )
        return {names[bytes(key)]: full_at for key, full_at in cursor.fetchall()}


def _keep(keys: Mapping[_Key, bytes], changed: Mapping[_Key, datetime]) -> None:
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE access_allowance a SET full_at = new.full_at"
            " FROM unnest(%s::bytea[], %s::timestamptz[]) new (key, full_at) WHERE a.key = new.key",
            [[keys[name] for name in changed], list(changed.values())],
        )
