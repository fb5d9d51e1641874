"""Which positive results make a case, and what may be done with a case."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from uuid import UUID


class State(StrEnum):
    WAITING = "waiting"  # to call, in nobody's hands
    TAKEN = "taken"
    CALLED = "called"
    WITHDRAWN = "withdrawn"  # the laboratory corrected or took back the positive result


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePolicy:
    since: date
    same_episode: timedelta


@cache
def policies() -> tuple[CasePolicy, ...]:
    """Every version of the policy, oldest first."""
    rows = tomllib.loads((files("rempart.tracing") / "data" / "case_policy.toml").read_text("utf-8"))[
        "version"
    ]
    return tuple(
        CasePolicy(since=row["from"], same_episode=timedelta(days=row["same_episode_days"]))
        for row in sorted(rows, key=lambda row: row["from"])
    )


def policy_on(day: date) -> CasePolicy:
    """The policy in force on a day; the first one for the days before it."""
    return max((p for p in policies() if p.since <= day), key=lambda p: p.since, default=policies()[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Positive:
    """A positive result that may open a case."""

    result_key: bytes
    person: UUID
    sampled_on: date


def to_open(
    positives: Iterable[Positive], *, episodes: Mapping[UUID, Iterable[date]], policy: CasePolicy
) -> set[bytes]:
    """The results that open a case: those of a person without a case of the same episode.

    `episodes`: sampling days of the cases each person has. Positives of one batch see each other.
    """
    days = {person: list(sampled) for person, sampled in episodes.items()}
    opening: set[bytes] = set()
    for positive in positives:
        own = days.setdefault(positive.person, [])
        if not any(abs(positive.sampled_on - day) <= policy.same_episode for day in own):
            own.append(positive.sampled_on)
            opening.add(positive.result_key)
    return opening


class NotNow(Exception):
    """The state of the case does not allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Where a case stands: its state and in whose hands."""

    state: State
    taken_by: UUID | None = None
    taken_at: datetime | None = None
    called_at: datetime | None = None
    handed_to: UUID | None = None  # the delegate who sees it


def take(hands: Hands, *, by: UUID, now: datetime) -> Hands:
    """Put a waiting case into an agent's hands. Raises NotNow when it is not waiting."""
    if hands.state is not State.WAITING:
        raise NotNow(f"a case that is {hands.state} cannot be taken")
    return replace(hands, state=State.TAKEN, taken_by=by, taken_at=now)


def called(hands: Hands, *, by: UUID, now: datetime) -> Hands:
    """Note that the person was reached, by the agent who holds the case. Raises NotNow otherwise."""
    if hands.state is not State.TAKEN or hands.taken_by != by:
        raise NotNow("only a case in one's own hands can be marked as called")
    return replace(hands, state=State.CALLED, called_at=now)


def hand_over(hands: Hands, *, to: UUID, by: UUID) -> Hands:
    """Hand a case to a delegate: one that waits, or that is in the hands of whoever hands it over.

    It waits again, in the delegate's list. Raises NotNow otherwise.
    """
    if hands.state is not State.WAITING and not (hands.state is State.TAKEN and hands.taken_by == by):
        raise NotNow("only a case that waits, or is in one's own hands, can be handed over")
    return replace(hands, state=State.WAITING, taken_by=None, taken_at=None, handed_to=to)


def take_back(hands: Hands) -> Hands:
    """Take a case back from its delegate; what he did not finish waits again. Raises NotNow when it was
    handed to nobody."""
    if hands.handed_to is None:
        raise NotNow("nobody was handed this case")
    if hands.state is State.TAKEN and hands.taken_by == hands.handed_to:
        hands = replace(hands, state=State.WAITING, taken_by=None, taken_at=None)
    return replace(hands, handed_to=None)
