"""How long what lasts: data/sign_in.toml, as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The content of data/sign_in.toml."""

    longest: timedelta
    idle: timedelta
    noted: timedelta
    recovery: timedelta
    opening: timedelta
    second_step: timedelta


@lru_cache(maxsize=1)
def policy() -> Policy:
    """What is in force. Raises KeyError when the file lacks something."""
    found = tomllib.loads(resources.files(__package__).joinpath("data/sign_in.toml").read_text("utf-8"))
    session, link = found["session"], found["link"]
    return Policy(
        longest=timedelta(minutes=session["longest_minutes"]),
        idle=timedelta(minutes=session["idle_minutes"]),
        noted=timedelta(seconds=session["noted_seconds"]),
        recovery=timedelta(minutes=link["recovery_minutes"]),
        opening=timedelta(minutes=link["opening_minutes"]),
        second_step=timedelta(minutes=found["second_step"]["minutes"]),
    )
