"""Keys of things: UUIDv7 (RFC 9562), made by us, in the order of their making."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_COUNTER_BITS = 74  # what a UUIDv7 leaves besides its time, version and variant
_RANDOM_BYTES = 10
_DRAWN_AT_ONCE = (
    256  # each reading of the random source is a call of the system, and lets another thread go first
)

_drawn: list[bytes] = []
os.register_at_fork(after_in_child=_drawn.clear)  # no two processes draw the same


def uuid7s(count: int) -> list[UUID]:
    """`count` new keys, strictly increasing, from one reading of the clock.

    The first 74 random bits start a counter (RFC 9562 §6.2, method 2), with room for the batch.
    """
    moment = (time.time_ns() // 1_000_000) << 80
    start = int.from_bytes(_random(), "big") >> 6
    start = min(start, (1 << _COUNTER_BITS) - count)
    keys = []
    for counter in range(start, start + count):
        high, low = counter >> 62, counter & ((1 << 62) - 1)
        keys.append(UUID(int=moment | _VERSION | high << 64 | _VARIANT | low))
    return keys


def uuid7() -> UUID:
    """One new key."""
    return uuid7s(1)[0]


def _random() -> bytes:
    """Random bytes that are given to nobody else, in any thread."""
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            many = os.urandom(_DRAWN_AT_ONCE * _RANDOM_BYTES)
            _drawn.extend([many[n : n + _RANDOM_BYTES] for n in range(0, len(many), _RANDOM_BYTES)])
