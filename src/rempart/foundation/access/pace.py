"""How often something may be done: an allowance that refills with time, and what guesses cost.

An allowance is one instant: when it will be full again (None: it is full). What is taken moves that instant
on; time does the rest, so that there is no window to wait for and nothing to reset. The rules know no clock
and no storage: limits.py keeps the instants, benchmarks/guessing.py tries a million guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Allowances = Mapping["Whose", datetime]
"""When each allowance will be full again; one that is missing is full."""

NO_WAIT = timedelta()
_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`burst` at once, then one more every `each`."""

    burst: int
    each: timedelta

    def wait(self, full_at: datetime | None, *, now: datetime) -> timedelta:
        """How long until one more may be taken; zero when it may be now."""
        return max(self._full_at(full_at, now) - (self.burst - 1) * self.each - now, NO_WAIT)

    def take(self, full_at: datetime | None, *, now: datetime) -> datetime:
        """When the allowance is full again once one more was taken."""
        return self._full_at(full_at, now) + self.each

    def _full_at(self, full_at: datetime | None, now: datetime) -> datetime:
        """Not before now. An instant that no taking leads to was written before a clock was set back, or
        under another pace: it counts for nothing. (Clocks of several machines may differ by a little.)"""
        if full_at is None or full_at > now + self.burst * self.each + _CLOCKS_DIFFER:
            return now
        return max(full_at, now)


class Whose(StrEnum):
    """Whose allowance a guess is taken from."""

    PAIR = "pair"  # of one network, against one thing that is guessed
    SUBJECT = "subject"  # of everybody, against one thing
    NETWORK = "network"  # of one network, against all things
    FIRST = "first"  # of one network against one thing, while one of the two above is used up
    KNOWN = "known"  # no allowance: until when a network is known as one from which the answer was right


@dataclass(frozen=True, slots=True, kw_only=True)
class Guessing:
    """What may be tried at a door where somebody proves who he is.

    `pair` is what a person needs who mistypes. `subject` bounds what many networks find out together.
    `first` is what keeps a person in when others have used that up: on a network that has not failed
    against his account or reference, he still has a try; None where even one per network is too many.
    `known`: for how long a network from which the answer was right is held back by nobody's failures but
    its own.
    """

    pair: Pace
    subject: Pace
    network: Pace
    first: Pace | None
    known: timedelta

    def of(self, whose: Whose) -> Pace:
        """The pace of an allowance. Raises LookupError where there is none."""
        found = {
            Whose.PAIR: self.pair,
            Whose.SUBJECT: self.subject,
            Whose.NETWORK: self.network,
            Whose.FIRST: self.first,
        }.get(whose)
        if found is None:
            raise LookupError(whose)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What became of one try: it is looked at when `wait` is zero; `changed` are the allowances to keep."""

    wait: timedelta
    changed: Allowances

    @property
    def passes(self) -> bool:
        return self.wait == NO_WAIT


def charge(allowances: Allowances, *, guessing: Guessing, now: datetime) -> Charged:
    """Take one try before it is looked at; a try that has to wait costs nothing."""

    def wait(whose: Whose) -> timedelta:
        return guessing.of(whose).wait(allowances.get(whose), now=now)

    if own := wait(Whose.PAIR):
        return Charged(wait=own, changed={})
    others = max(wait(Whose.SUBJECT), wait(Whose.NETWORK))
    taken: tuple[Whose, ...] = (Whose.PAIR, Whose.SUBJECT, Whose.NETWORK)
    if others and Whose.KNOWN in allowances and now < allowances[Whose.KNOWN]:
        taken = (Whose.PAIR,)
    elif others:
        if guessing.first is None:
            return Charged(wait=others, changed={})
        if first := min(wait(Whose.FIRST), others):
            return Charged(wait=first, changed={})
        taken = (Whose.PAIR, Whose.FIRST)
    changed = {whose: guessing.of(whose).take(allowances.get(whose), now=now) for whose in taken}
    return Charged(wait=NO_WAIT, changed=changed)


def give_back(allowances: Allowances, *, guessing: Guessing, now: datetime) -> dict[Whose, datetime]:
    """The allowances to keep after a right answer: the person's own are full, the others get one back, and
    the network is known. What others failed against the same account or reference stays counted."""
    kept = {whose: now for whose in (Whose.PAIR, Whose.FIRST) if whose in allowances}
    kept[Whose.KNOWN] = now + guessing.known
    for whose in (Whose.SUBJECT, Whose.NETWORK):
        if whose in allowances:
            kept[whose] = allowances[whose] - guessing.of(whose).each
    return kept
