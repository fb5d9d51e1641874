"""Who may open, keep or stop whose account, and what an account needs before its rights open.

Pure: the table data/grants.toml, the policies of the day (policy.py), and an account as a value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from functools import cache
from importlib.resources import files
from uuid import UUID

from rempart.foundation.access.accounts.policy import AccountPolicy, Training, TrainingPolicy
from rempart.foundation.access.rights import Role
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.identifiers import finess
from rempart.foundation.territories import departments, regions


class Hold(IntEnum):
    """How far somebody's authority over an account reaches; each includes those before."""

    STOPS = 1
    KEEPS = 2
    OPENS = 3


class Reach(StrEnum):
    """What a role's perimeter is made of."""

    NATION = "nation"
    REGION = "region"
    DEPARTMENTS = "departments"
    ESTABLISHMENT = "establishment"


class Why(StrEnum):
    """Why an account is suspended."""

    ADMINISTRATOR = "administrator"  # whoever keeps it decided
    REVIEW = "review"
    DORMANT = "dormant"
    ENDED = "ended"  # its end date has passed
    LEFT = "left"
    REPLACED = "replaced"  # another administrator has the region


class Refusal(StrEnum):
    """Why something may not be done with an account; stable codes."""

    ROLE = "role"  # not one that this actor may open
    SELF = "self"
    PERIMETER = "perimeter"  # not within the actor's own
    NO_PERIMETER = "no-perimeter"
    UNKNOWN_PLACE = "unknown-place"
    WHOLE_REGION = "whole-region"  # an administrator has a region, whole
    ESTABLISHMENT = "establishment"
    ORGANISATION = "organisation"
    END = "end"  # missing, passed, or too far
    DAY = "day"  # of a training: later than today
    OFFICE_TAKEN = "office-taken"
    USERNAME_TAKEN = "username-taken"
    STATE = "state"  # not in the state that this needs


class Lack(StrEnum):
    """What keeps the rights of an account closed."""

    TRAINING = "training"
    END = "end"
    CONDITIONS = "conditions"  # of use: those in force were not accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """Where an account has its rights: departments ("*" is the nation), and its establishment if it has one."""

    departments: frozenset[str]
    establishment: str = ""

    def within(self, other: Perimeter) -> bool:
        """Whether nothing of this lies outside the other. What is nowhere lies within the nation only."""
        return EVERYWHERE in other.departments or (
            bool(self.departments) and self.departments <= other.departments
        )

    @property
    def region(self) -> str:
        """The region whose departments these are, all of them; empty otherwise."""
        codes = {departments()[code].region for code in self.departments if code in departments()}
        if len(codes) != 1:
            return ""
        (code,) = codes
        return code if self.departments == region_perimeter(code).departments else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whoever wants to do something with an account."""

    agent: UUID | None  # None: the platform itself, or the operator on the machine
    role: Role
    perimeter: Perimeter


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An account to be opened, or as it shall be."""

    role: Role
    perimeter: Perimeter
    organisation: str = ""
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that exists, as far as rules look at it."""

    id: UUID
    role: Role
    perimeter: Perimeter
    trainings: Mapping[str, date] = field(default_factory=dict)  # the latest day of each
    ends_on: date | None = None
    conditions: str = ""  # the version that was accepted


def hold(by: Role, over: Role) -> Hold | None:
    """How far one role's authority over another reaches; None: not at all."""
    return _table().by.get(by, {}).get(over)


def opened_by(role: Role) -> tuple[Role, ...]:
    """The roles that somebody of this role may open, in the order of the table."""
    return tuple(other for other, found in _table().by.get(role, {}).items() if found is Hold.OPENS)


def held_by(role: Role) -> tuple[Role, ...]:
    """The roles over which this role has any authority: whose accounts it sees."""
    return tuple(_table().by.get(role, {}))


def reach(role: Role) -> Reach:
    return _table().reach[role]


def region_perimeter(code: str) -> Perimeter:
    """The departments of a region. Empty for a code that is none."""
    return Perimeter(departments=frozenset(one.code for one in departments().values() if one.region == code))


def may_open(
    authority: Authority, wanted: Wanted, *, policy: AccountPolicy, today: date
) -> tuple[Refusal, ...]:
    """Every reason why this account may not be opened by him; none: it may."""
    return tuple(
        dict.fromkeys(
            [
                *([Refusal.ROLE] if hold(authority.role, wanted.role) is not Hold.OPENS else []),
                *_shape(wanted),
                *_beyond(wanted.perimeter, authority.perimeter),
                *end_fits(wanted.role, wanted.ends_on, policy=policy, today=today),
            ]
        )
    )


def may_touch(authority: Authority, account: Account, needs: Hold) -> tuple[Refusal, ...]:
    """Every reason why this account may not be touched by him so far; none: it may.

    Nobody touches his own account, one of a role that the table does not give him, or one of which a part lies
    outside his perimeter.
    """
    held = hold(authority.role, account.role)
    found = []
    if authority.agent == account.id:
        found.append(Refusal.SELF)
    if held is None or held < needs:
        found.append(Refusal.ROLE)
    if not account.perimeter.within(authority.perimeter):
        found.append(Refusal.PERIMETER)
    return tuple(found)


def may_move(
    authority: Authority, account: Account, wanted: Wanted, *, policy: AccountPolicy, today: date
) -> tuple[Refusal, ...]:
    """Every reason why an account may not be given this perimeter and end; its role never changes."""
    return tuple(
        dict.fromkeys(
            [
                *may_touch(authority, account, Hold.OPENS),
                *([Refusal.ROLE] if wanted.role is not account.role else []),
                *may_open(authority, wanted, policy=policy, today=today),
            ]
        )
    )


def end_fits(role: Role, ends_on: date | None, *, policy: AccountPolicy, today: date) -> tuple[Refusal, ...]:
    """Whether a last day is one: neither past nor too far, and there for those who must have one."""
    if ends_on is None:
        return (Refusal.END,) if role in policy.must_end else ()
    return () if today <= ends_on <= today + policy.longest else (Refusal.END,)


def missing_trainings(
    role: Role, trainings: Mapping[str, date], *, policy: TrainingPolicy, today: date
) -> tuple[Training, ...]:
    """The trainings that a role needs and that were never recorded, or are no longer worth anything."""
    return tuple(
        needed
        for needed in policy.needs.get(role, ())
        if not _valid(trainings.get(needed), policy, needed, today)
    )


def lacks(account: Account, *, policy: TrainingPolicy, conditions: str, today: date) -> tuple[Lack, ...]:
    """What keeps the rights of an account closed on a day; none: they are open.

    `conditions`: the version in force, which whoever opened his account himself must have accepted.
    """
    found = []
    if account.ends_on is not None and today > account.ends_on:
        found.append(Lack.END)
    if missing_trainings(account.role, account.trainings, policy=policy, today=today):
        found.append(Lack.TRAINING)
    if reach(account.role) is Reach.ESTABLISHMENT and account.conditions != conditions:
        found.append(Lack.CONDITIONS)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """When an account was last of use to somebody."""

    awake_at: datetime  # opened, or resumed
    seen_at: datetime | None  # last signed in
    ends_on: date | None
    warned_at: datetime | None

    @property
    def last(self) -> datetime:
        return max(self.awake_at, self.seen_at) if self.seen_at else self.awake_at


class Due(StrEnum):
    """What the day asks for."""

    END = "end"
    SLEEP = "sleep"
    WARN_END = "warn-end"
    WARN_SLEEP = "warn-sleep"


def due(use: Use, *, policy: AccountPolicy, now: datetime, today: date) -> Due | None:
    """What to do with an account today: end it, put it to sleep, warn whoever has it, or nothing.

    Nobody is put to sleep without having been warned `policy.warned` before: an account that nobody looked at
    for long (the worker stood still) is warned first. A warning counts if it came after the last use.
    """
    if use.ends_on is not None and today > use.ends_on:
        return Due.END
    warned = use.warned_at is not None and use.warned_at >= use.last
    idle = now - use.last
    if idle >= policy.dormant and warned and use.warned_at is not None:
        return Due.SLEEP if now - use.warned_at >= policy.warned else None
    if warned:
        return None
    if use.ends_on is not None and today > use.ends_on - policy.warned:
        return Due.WARN_END
    return Due.WARN_SLEEP if idle >= policy.dormant - policy.warned else None


def _beyond(wanted: Perimeter, own: Perimeter) -> Sequence[Refusal]:
    """Whether a perimeter goes beyond one's own; what is nowhere goes nowhere, and is refused for that."""
    return [] if wanted.within(own) or not wanted.departments else [Refusal.PERIMETER]


def _valid(taken: date | None, policy: TrainingPolicy, training: Training, today: date) -> bool:
    """A training is worth something for its days, the last one included (none is recorded before its day)."""
    return taken is not None and today <= taken + policy.valid[training]


def _shape(wanted: Wanted) -> Sequence[Refusal]:
    """Whether a perimeter is of the kind that its role has."""
    where = wanted.perimeter
    if not where.departments:
        return [Refusal.NO_PERIMETER]
    nation = where.departments == {EVERYWHERE}
    found: list[Refusal] = []
    if not nation and not where.departments <= departments().keys():
        found.append(Refusal.UNKNOWN_PLACE)
    match reach(wanted.role):
        case Reach.NATION if not nation:
            found.append(Refusal.PERIMETER)
        case Reach.REGION if not where.region:
            found.append(Refusal.WHOLE_REGION)
        case Reach.DEPARTMENTS if nation:
            found.append(Refusal.PERIMETER)
        case Reach.ESTABLISHMENT if not finess.is_valid(where.establishment):
            found.append(Refusal.ESTABLISHMENT)
    if wanted.role is Role.DELEGATE and not wanted.organisation.strip():
        found.append(Refusal.ORGANISATION)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    reach: Mapping[Role, Reach]
    by: Mapping[Role, Mapping[Role, Hold]]


@cache
def _table() -> _Table:
    """data/grants.toml. Raises ValueError when it names what does not exist, leaves a role out, or lets an
    authority come back to itself: who opens whom must be a tree, or somebody could make himself a better one."""
    text = (files("rempart.foundation.access") / "data" / "grants.toml").read_text("utf-8")
    found = tomllib.loads(text)
    table = _Table(
        reach={Role(role): Reach(word) for role, word in found["reach"].items()},
        by={
            Role(role): {Role(other): Hold[word.upper()] for other, word in row.items()}
            for role, row in found["by"].items()
        },
    )
    accounts = set(Role) - {Role.LABORATORY, Role.PATIENT, Role.SYSTEM}
    if wrong := accounts ^ set(table.reach):
        raise ValueError(f"grants.toml: reach of {', '.join(sorted(wrong))}")
    for role in table.by:
        if role in _opened_in_the_end(table.by, role):
            raise ValueError(f"grants.toml: {role} could open {role}")
    return table


def _opened_in_the_end(by: Mapping[Role, Mapping[Role, Hold]], role: Role) -> Collection[Role]:
    """Every role that accounts of this one can bring about, themselves or through those they open."""
    found: set[Role] = set()
    waiting = [role]
    while waiting:
        for other, held in by.get(waiting.pop(), {}).items():
            if held is Hold.OPENS and other not in found:
                found.add(other)
                waiting.append(other)
    return found


def region_name(code: str) -> str:
    """The name of a region; empty for a code that is none."""
    found = regions().get(code)
    return found.name if found else ""
