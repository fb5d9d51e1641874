"""libFuzzer on one reader: seeds, limits, and where what breaks it is written (var/fuzz)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import atheris

FOLDER = Path("var/fuzz")
LONGEST = 65_536  # bytes of an input
SLOW = 10  # seconds for one input: two orders of magnitude above what any of them takes
MOST_MEMORY = 2_048  # MB


def fuzz(name: str, seeds: Iterable[bytes], outcome: Callable[[bytes], None], *, seconds: int) -> None:
    """Feed one reader until the time is over; ends the process, as libFuzzer does."""
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    arguments = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOW}", f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={FOLDER}/{name}-", "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], outcome)
    atheris.Fuzz()
