"""The dated policy of the outbox: data/policy.toml, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.rules import Always, ChannelPolicy, Policy


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The whole of it. Raises KeyError or ValueError when the file lacks something."""
    found = tomllib.loads(resources.files(__package__).joinpath("data/policy.toml").read_text("utf-8"))
    return Policy(
        channels={
            channel: tuple(map(_channel, _dated(found[channel.value]["version"]))) for channel in Channel
        },
        always=tuple(
            Always(since=one["from"], about=frozenset(one["about"]), source=one["source"])
            for one in _dated(found["always"]["version"])
        ),
    )


def _dated(versions: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(versions, key=lambda one: one["from"])


def _channel(one: Mapping[str, Any]) -> ChannelPolicy:
    quiet = one.get("quiet")
    return ChannelPolicy(
        since=one["from"],
        steps=tuple(timedelta(minutes=minutes) for minutes in one["steps_minutes"]),
        late=timedelta(minutes=one["late_minutes"]),
        quiet=(time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])) if quiet else None,
        most=one.get("most_a_day"),
        source=one["source"],
    )
