"""What is in force for accounts on a day: data/accounts.toml and data/training.toml, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from rempart.foundation.access.rights import Role
from rempart.foundation.territories import zone_of


class Training(StrEnum):
    """What somebody learnt before he may."""

    DATA_PROTECTION = "data-protection"
    TRACING = "tracing"
    ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPolicy:
    """Who needs which training, and for how long one is valid."""

    since: date
    valid: Mapping[Training, timedelta]
    needs: Mapping[Role, tuple[Training, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """How long accounts, keys and letters last."""

    since: date
    dormant: timedelta
    warned: timedelta
    must_end: frozenset[Role]
    longest: timedelta
    review: timedelta
    key: timedelta
    key_overlap: timedelta
    letter: timedelta
    letter_code: timedelta
    letter_tries: int
    conditions: str


def civil_day(now: datetime) -> date:
    """The day of the State's legal time, by which accounts begin and end."""
    return now.astimezone(zone_of("")).date()


def training_on(day: date) -> TrainingPolicy:
    """The policy of a day, the first one before there was any."""
    found = [policy for policy in _trainings() if policy.since <= day]
    return found[-1] if found else _trainings()[0]


def accounts_on(day: date) -> AccountPolicy:
    """The policy of a day, the first one before there was any."""
    found = [policy for policy in _accounts() if policy.since <= day]
    return found[-1] if found else _accounts()[0]


@cache
def _trainings() -> tuple[TrainingPolicy, ...]:
    return tuple(
        TrainingPolicy(
            since=row["from"],
            valid={Training(name): timedelta(days=days) for name, days in row["valid_days"].items()},
            needs={
                Role(role): tuple(Training(name) for name in names) for role, names in row["needs"].items()
            },
        )
        for row in _versions("training.toml")
    )


@cache
def _accounts() -> tuple[AccountPolicy, ...]:
    return tuple(
        AccountPolicy(
            since=row["from"],
            dormant=timedelta(days=row["dormant_days"]),
            warned=timedelta(days=row["warned_days"]),
            must_end=frozenset(Role(role) for role in row["must_end"]),
            longest=timedelta(days=row["longest_days"]),
            review=timedelta(days=row["review_days"]),
            key=timedelta(days=row["key_days"]),
            key_overlap=timedelta(days=row["key_overlap_days"]),
            letter=timedelta(days=row["letter_days"]),
            letter_code=timedelta(days=row["letter_code_days"]),
            letter_tries=row["letter_tries"],
            conditions=row["conditions"],
        )
        for row in _versions("accounts.toml")
    )


def _versions(name: str) -> list[dict[str, Any]]:
    """Every version of a file, oldest first; what a row leaves out is as before."""
    text = (files("rempart.foundation.access") / "data" / name).read_text("utf-8")
    whole: dict[str, Any] = {}
    found = []
    for row in sorted(tomllib.loads(text)["version"], key=lambda row: row["from"]):
        whole = {**whole, **row}
        found.append(whole)
    return found
