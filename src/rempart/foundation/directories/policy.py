"""What is refused of a directory, when one is stale, and what counts as a laboratory: data/directories.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources


class Directory(StrEnum):
    """Each directory has one table; a FINESS file of establishments may fill two."""

    ENTITIES = "entities"
    ESTABLISHMENTS = "establishments"
    POSITIONS = "positions"
    PROFESSIONALS = "professionals"
    MAILBOXES = "mailboxes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`shrink`: share of its rows that a load may take away; `stale_days`: how long a file is fresh."""

    shrink: float
    stale_days: int

    def shrinks_too_much(self, *, before: int, after: int) -> bool:
        return after < before * (1 - self.shrink)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`most_bytes`: of one file, unpacked; `laboratories`: categories of FINESS; `stamp`: in the service of a mailbox."""

    most_bytes: int
    laboratories: tuple[str, ...]
    stamp: str
    limits: Mapping[Directory, Limits]


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The policy in force."""
    text = resources.files(__package__).joinpath("data/directories.toml").read_text("utf-8")
    found = tomllib.loads(text)
    return Policy(
        most_bytes=found["most_bytes"],
        laboratories=tuple(found["laboratories"]),
        stamp=found["stamp"],
        limits={directory: Limits(**found[directory.value]) for directory in Directory},
    )
