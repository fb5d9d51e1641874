"""The blows: everything that runs is killed in turn, in an order and at moments drawn from a seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.soak.platform import POSTGRES, Platform
from tests.soak.sending import Load

VICTIMS = {
    "web": ("http", "deferred"),
    "worker": ("deferred",),
    "folder": ("folder",),
    "mllp": ("mllp",),
    "ingest": ("ingest",),
    POSTGRES: ("http", "deferred", "mllp", "folder", "ingest"),
}
"""What is struck, and the ways that must go on afterwards."""


def blows(platform: Platform, load: Load, *, rng: random.Random, patience: float) -> Iterator[str]:
    """Strike each victim once, each in the middle of the load; yields what was struck, once it goes on.

    `patience`: seconds in which every way must go on.
    """
    for victim in rng.sample(sorted(VICTIMS), len(VICTIMS)):
        go_on(load, VICTIMS[victim], patience)
        time.sleep(rng.uniform(0, 0.4))
        if victim == POSTGRES:
            what = platform.strike_postgres(rng)
            platform.recover_postgres()
        else:
            service = load.ingesting if victim == "ingest" else platform.services[victim]
            what = service.strike(rng)
            service.recover()
        began = time.monotonic()
        go_on(load, VICTIMS[victim], patience)
        yield f"{victim}: {what}, went on after {time.monotonic() - began:.1f} s"


def go_on(load: Load, ways: tuple[str, ...], patience: float) -> None:
    """Wait until each of these ways has acknowledged something more."""
    before = {way: len(load.acknowledged[way]) for way in ways}
    deadline = time.monotonic() + patience
    while any(len(load.acknowledged[way]) == count for way, count in before.items()):
        assert not load.unexpected, load.unexpected
        load.platform.must_run()
        still = [way for way, count in before.items() if len(load.acknowledged[way]) == count]
        assert time.monotonic() < deadline, f"nothing more is acknowledged over {still}"
        time.sleep(0.02)
