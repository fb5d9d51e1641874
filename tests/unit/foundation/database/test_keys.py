"""Keys: UUIDv7 in the order of their making."""

from __future__ import annotations

import time
from uuid import RFC_4122

from rempart.foundation.database.keys import uuid7, uuid7s


def test_a_batch_grows_strictly() -> None:
    keys = uuid7s(10_000)
    assert len(set(keys)) == 10_000
    assert keys == sorted(keys)


def test_form_and_time() -> None:
    before = time.time_ns() // 1_000_000
    key = uuid7()
    after = time.time_ns() // 1_000_000
    assert (key.version, key.variant) == (7, RFC_4122)
    assert before <= key.int >> 80 <= after


def test_two_batches_share_nothing() -> None:
    assert not set(uuid7s(1000)) & set(uuid7s(1000))
    assert uuid7s(0) == []
