"""`make soak`: load over every way in and a kill -9 every few seconds, for as long as asked.

make soak                                     # ten minutes
make soak ARGS="--minutes 60 --seed 4 --ingested 3000"
"""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from tests.soak.platform import Platform
from tests.soak.sending import Load
from tests.soak.standing import must_hold
from tests.soak.striking import blows


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    asked.add_argument("--ingested", type=int, default=3_000, help="messages of one run of `rempart ingest`")
    options = asked.parse_args()
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="rempart-soak-"))
    folder.chmod(0o755)
    platform, rng = Platform(folder), random.Random(options.seed)
    with platform.running():
        load = Load(platform, ingested=options.ingested, pause=0.02)
        began, count = time.monotonic(), 0
        with load.running():
            while time.monotonic() < began + 60 * options.minutes:
                for blow in blows(platform, load, rng=rng, patience=600):
                    count += 1
                    at, kept = time.monotonic() - began, len(load.all_acknowledged)
                    print(f"{at:6.0f} s  {kept:9,} acknowledged  {blow}", flush=True)
        must_hold(platform, load)
    assert not (left := platform.left_over()), left
    shutil.rmtree(folder)  # stays, with its logs, when something did not hold
    print(
        f"{count} blows, {len(load.numbers):,} results acknowledged and there once, {load.repeated:,} times sent again"
    )
