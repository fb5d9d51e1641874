"""kill -9 of everything in turn, in the middle of a load over every way in: what was acknowledged is there, once.

The folder, the server and the processes are this test's own; PostgreSQL keeps its promises (durable). The seed is
printed; REMPART_CHAOS_SEED repeats it. `make soak` is the same for hours.
"""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

import pytest
from tests.soak.platform import Platform
from tests.soak.sending import Load
from tests.soak.standing import must_hold
from tests.soak.striking import blows


@pytest.mark.timeout(400)
def test_kill_9_loses_nothing_that_was_acknowledged(open_folder: Path) -> None:
    seed = int(os.environ.get("REMPART_CHAOS_SEED", secrets.randbelow(10_000)))
    print(f"seed {seed}")
    platform = Platform(open_folder)
    try:
        with platform.running():
            load = Load(platform, ingested=60, pause=0.4)
            with load.running():
                for blow in blows(platform, load, rng=random.Random(seed), patience=90):
                    print(blow)
            must_hold(platform, load)
            assert load.repeated
        assert not platform.left_over()
    except BaseException:
        print(platform.logged())
        raise
