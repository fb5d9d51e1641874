"""Who may hand a file to whom, how much and for how long: pure functions over two tables of data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from rempart.foundation.access.rights import Role
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.identifiers import finess


class State(StrEnum):
    DRAFT = "draft"  # said to whom and why; its file is not there, or not whole
    READY = "ready"
    WITHDRAWN = "withdrawn"  # by its sender
    DESTROYED = "destroyed"  # its day has passed, or everybody has fetched it as often as he may


class Motive(StrEnum):
    """What a file is handed over for; noted in the audit, where a text could name a person."""

    CASE_FILES = "case-files"
    RESULTS = "results"
    REQUEST = "request"
    FIGURES = "figures"
    TECHNICAL = "technical"
    OTHER = "other"


class Reach(StrEnum):
    """How far a route goes; data/routes.toml says what each word means."""

    NATION = "nation"
    SHARED = "shared"


class Fault(StrEnum):
    """Why a hand-over is refused before its file; stable codes."""

    NOBODY = "exchange-nobody"
    RECIPIENT = "exchange-recipient"
    TOO_MANY_RECIPIENTS = "exchange-too-many-recipients"
    TOO_MANY_WAITING = "exchange-too-many-waiting"
    LIFETIME = "exchange-lifetime"
    DOWNLOADS = "exchange-downloads"


class OfferRefused(Exception):
    """The hand-over is not begun; `fault` says why, `about` what it was (what the sender himself wrote)."""

    def __init__(self, fault: Fault, about: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.about = about


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who sends or receives: his role and where he works."""

    role: Role
    departments: frozenset[str]

    @classmethod
    def of(cls, role: Role, *, departments: Sequence[str], establishment: str) -> Party:
        """A laboratory's departments are that of its FINESS number, whatever else its account says."""
        own = finess.parse(establishment).department if establishment else ""
        return cls(role=role, departments=frozenset([own] if own else departments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The bounds in force from `since` on; data/policy.toml explains each."""

    since: date
    most_bytes: int
    days: tuple[int, ...]
    downloads: tuple[int, ...]
    most_recipients: int
    most_waiting: int
    most_waiting_bytes: int
    draft: timedelta
    trace: timedelta


def may_send(sender: Party, recipient: Party) -> bool:
    """Whether the table has a route from one to the other, and it reaches so far."""
    match routes().get(sender.role, {}).get(recipient.role):
        case Reach.NATION:
            return True
        case Reach.SHARED:
            return (
                EVERYWHERE in sender.departments
                or EVERYWHERE in recipient.departments
                or not sender.departments.isdisjoint(recipient.departments)
            )
    return False


@cache
def routes() -> Mapping[Role, Mapping[Role, Reach]]:
    """The whole table. Raises ValueError when it names a role or a reach that does not exist."""
    return {
        Role(sender): {Role(recipient): Reach(reach) for recipient, reach in row.items()}
        for sender, row in _table("routes").items()
    }


def policy_on(day: date) -> Policy:
    """The bounds in force on a day; the first ones for the days before them."""
    return max((p for p in policies() if p.since <= day), key=lambda p: p.since, default=policies()[0])


@cache
def policies() -> tuple[Policy, ...]:
    """Every version of the bounds, oldest first; what a row leaves out is as before."""
    said: dict[str, Any] = {}
    found = []
    for row in sorted(_table("policy")["version"], key=lambda row: row["from"]):
        said |= row
        found.append(
            Policy(
                since=said["from"],
                most_bytes=said["most_bytes"],
                days=tuple(said["days"]),
                downloads=tuple(said["downloads"]),
                most_recipients=said["most_recipients"],
                most_waiting=said["most_waiting"],
                most_waiting_bytes=said["most_waiting_bytes"],
                draft=timedelta(hours=said["draft_hours"]),
                trace=timedelta(days=said["trace_days"]),
            )
        )
    return tuple(found)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"data/{name}.toml").read_text("utf-8"))
