"""Keys: UUIDv7 in the order of their making."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
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


def test_threads_share_nothing() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [
            key for some in threads.map(lambda _: [uuid7() for _ in range(500)], range(8)) for key in some
        ]
    counters = {key.int & ((1 << 62) - 1) for key in made}  # without the time
    assert len(counters) == len(made)


def test_processes_share_nothing() -> None:
    uuid7()  # something is drawn already
    with multiprocessing.get_context("fork").Pool(2) as processes:
        made = [*processes.map(_some, [300, 300], chunksize=1), _some(300)]
    counters = [key & ((1 << 62) - 1) for some in made for key in some]
    assert len(set(counters)) == len(counters)


def _some(count: int) -> list[int]:
    return [uuid7().int for _ in range(count)]
