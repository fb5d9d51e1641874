"""A million wrong guesses from ten thousand networks against the doors where somebody proves who he is.

The rules and limits are those in force (foundation/access/pace.py, data/limits.toml); the clock is invented, so
that a day of attack takes seconds. Beside the attack, people who know their answer come at any moment of it,
and sometimes mistype. What is counted: tries that were looked at, doors that opened, and how long people wait.

    python -m benchmarks.guessing [--guesses N]     with --http: two thousand guesses against a real server instead
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from rempart.foundation.access.limits import Door, Use, limits
from rempart.foundation.access.pace import Guessing, Whose, charge

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
GUESSES, NETWORKS, PEOPLE = 1_000_000, 10_000, 2_000
_MISTYPE = 0.3
_BIRTH_DATES = 36_525
_CODES = 1_000_000
_VALID_TOTP = 3  # codes of half a minute, one before and one after
_SEED = 2020


class Counters:
    """What limits.py keeps, in memory: the same rules over the same limits."""

    def __init__(self, guessing: Guessing) -> None:
        self._guessing = guessing
        self._kept: dict[tuple[object, ...], datetime] = {}

    def charge(self, subject: int, network: int, now: datetime) -> timedelta:
        """How long this try has to wait; when not at all, it is counted."""
        keys = self._keys(subject, network)
        found = {whose: self._kept[key] for whose, key in keys.items() if key in self._kept}
        charged = charge(found, guessing=self._guessing, now=now)
        for whose, at in charged.changed.items():
            self._kept[keys[whose]] = at
        return charged.wait

    def know(self, subject: int, network: int) -> None:
        """The answer was right from there, the day before."""
        self._kept[self._keys(subject, network)[Whose.KNOWN]] = START - DAY + self._guessing.known

    @staticmethod
    def _keys(subject: int, network: int) -> dict[Whose, tuple[object, ...]]:
        return {
            Whose.PAIR: (subject, network),
            Whose.SUBJECT: (subject,),
            Whose.NETWORK: ("network", network),
            Whose.FIRST: ("first", subject, network),
            Whose.KNOWN: ("known", subject, network),
        }


class Attempts(Protocol):
    """What an attacker does with the tries that are looked at."""

    chance: float
    """How many doors he may expect to have opened, in all."""

    def opens(self, subject: int, now: datetime, rng: random.Random) -> bool:
        """Whether this one, drawn, opens the door."""
        ...


class AtTheAgents:
    """A password and a code, or a code alone: each try that is looked at has the same chance."""

    def __init__(self, each: float) -> None:
        self._each = each
        self.chance = 0.0

    def opens(self, subject: int, now: datetime, rng: random.Random) -> bool:
        self.chance += self._each
        return rng.random() < self._each


class AtThePortal:
    """A birth date that is right sends a code, as often as a phone is sent one; then its few tries are spent.

    The attacker tries every date once before he tries one again, or knows it, and spends all tries of every
    code, though nothing tells him that one was sent.
    """

    def __init__(self, *, born_known: bool) -> None:
        self._born_known = born_known
        self._tried: dict[int, int] = {}
        self._sent_full_at: dict[int, datetime] = {}
        self._each = limits().pace[Use.PORTAL_CODE].burst / _CODES
        self.chance = 0.0

    def opens(self, subject: int, now: datetime, rng: random.Random) -> bool:
        tried = self._tried.get(subject, rng.randrange(_BIRTH_DATES))
        self._tried[subject] = (tried + 1) % _BIRTH_DATES
        pace, full_at = limits().pace[Use.PORTAL_CODES_SENT], self._sent_full_at.get(subject)
        if (not self._born_known and tried != subject) or pace.wait(full_at, now=now):
            return False
        self._sent_full_at[subject] = pace.take(full_at, now=now)
        self.chance += self._each
        return rng.random() < self._each


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """Who guesses what, and in how long."""

    name: str
    door: Door
    subjects: int
    lasts: timedelta
    attempts: Attempts
    networks: int = 0  # as many as asked for when 0


class Who(StrEnum):
    """Where somebody stands who knows the answer and comes while others guess."""

    KNOWN = "its owners, where they have been before"
    ELSEWHERE = "its owners, on a network of their own"
    BESIDE = "others, behind a network that guesses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attack, and how many seconds those who came meanwhile waited."""

    attack: Attack
    sent: int
    looked_at: int
    opened: int
    waits: Mapping[Who, Sequence[float]]
    seconds: float


def run(guesses: int = GUESSES, networks: int = NETWORKS, people: int = PEOPLE) -> list[Outcome]:
    """Every attack, one after the other."""
    return [run_one(attack, guesses=guesses, networks=networks, people=people) for attack in attacks()]


def attacks() -> list[Attack]:
    """The attacks that are tried."""
    totp = _VALID_TOTP / _CODES
    hour = timedelta(hours=1)

    def portal(name: str, *, links: int = 1, lasts: timedelta = DAY, born_known: bool = False) -> Attack:
        attempts = AtThePortal(born_known=born_known)
        return Attack(
            name=f"portal: {name}", door=Door.PORTAL, subjects=links, lasts=lasts, attempts=attempts
        )

    def agents(name: str, each: float, door: Door = Door.SIGN_IN, *, accounts: int = 1) -> Attack:
        return Attack(
            name=f"agents: {name}", door=door, subjects=accounts, lasts=DAY, attempts=AtTheAgents(each)
        )

    return [
        portal("one stolen link, birth date unknown"),
        portal("one stolen link, birth date unknown", lasts=hour),
        portal("a thousand stolen links, birth dates unknown", links=1_000),
        portal("one stolen link, birth date known", born_known=True),
        replace(portal("a thousand stolen links, all from ten networks", links=1_000), networks=10),
        agents("one account, its password one of 10^6, then the second factor", totp / 1e6),
        agents(
            "a thousand accounts, their passwords of 10^6, then the second factor", totp / 1e6, accounts=1_000
        ),
        agents("one account, its password known", totp, Door.SECOND_FACTOR),
    ]


def run_one(attack: Attack, *, guesses: int, networks: int, people: int) -> Outcome:
    """One attack, and the people who come while it lasts."""
    networks = attack.networks or networks
    began, rng = time.perf_counter(), random.Random(_SEED)
    counters = Counters(limits().guess[attack.door])
    waits: dict[Who, list[float]] = {who: [] for who in Who}
    coming = [_person(attack, number, networks, counters, rng) for number in range(people)]
    heapq.heapify(coming)
    looked_at = opened = 0
    for number in range(guesses):
        now = START + attack.lasts * (number / guesses)
        while coming and coming[0].at <= now:
            person = heapq.heappop(coming)
            wait = counters.charge(person.subject, person.network, person.at)
            if not wait and not person.mistypes:
                waits[person.who].append((person.at - person.came).total_seconds())
                continue
            person.at, person.mistypes = person.at + wait, person.mistypes and bool(wait)
            heapq.heappush(coming, person)
        subject = (number + number // networks) % attack.subjects
        if not counters.charge(subject, number % networks, now):
            looked_at += 1
            opened += attack.attempts.opens(subject, now, rng)
    for person in coming:  # still waiting when it ended
        waits[person.who].append((person.at - person.came).total_seconds())
    return Outcome(
        attack=attack, sent=guesses, looked_at=looked_at, opened=opened, waits=waits,
        seconds=time.perf_counter() - began,
    )  # fmt: skip


@dataclass(slots=True, order=True)
class _Person:
    at: datetime
    number: int
    who: Who
    subject: int
    network: int
    came: datetime
    mistypes: bool


def _person(attack: Attack, number: int, networks: int, counters: Counters, rng: random.Random) -> _Person:
    """Somebody who comes at any moment, and mistypes now and then."""
    who = tuple(Who)[number % len(Who)]
    subject = attack.subjects + number if who is Who.BESIDE else number % attack.subjects
    network = rng.randrange(networks) if who is Who.BESIDE else networks + number
    if who is Who.KNOWN:
        counters.know(subject, network)
    at = START + attack.lasts * rng.random()
    return _Person(
        at=at, number=number, who=who, subject=subject, network=network, came=at,
        mistypes=rng.random() < _MISTYPE,
    )  # fmt: skip


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as text: one block per attack."""
    lines = []
    for one in outcomes:
        hours = one.attack.lasts.total_seconds() / 3600
        lines += [
            f"{one.attack.name}, in {hours:.0f} h  [computed in {one.seconds:.0f} s]",
            f"  {one.sent:,} guesses, {one.looked_at:,} looked at: {one.opened} opened"
            f" ({one.attack.attempts.chance:.0e} expected)",
            *(f"  {who}: {_waits(waits)}" for who, waits in one.waits.items()),
        ]
    return "\n".join(lines)


def _waits(seconds: Sequence[float]) -> str:
    at_once = sum(not one for one in seconds) / len(seconds)
    p99 = statistics.quantiles(seconds, n=100)[-1]
    return f"{at_once:.1%} at once, 99 % within {p99 / 60:.0f} min, all within {max(seconds) / 60:.0f} min"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guessing")
    parser.add_argument("--guesses", type=int, default=GUESSES)
    parser.add_argument("--http", action="store_true", help="guess at a real server, with a real clock")
    asked = parser.parse_args()
    if asked.http:
        from benchmarks import guessing_http

        print(guessing_http.run())
    else:
        print(table(run(guesses=asked.guesses)))


if __name__ == "__main__":
    main()
