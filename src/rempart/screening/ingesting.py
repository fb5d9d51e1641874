"""`rempart ingest`: files to kept results, in order, the reading ahead of the keeping.

One process reads (reading.py), this one keeps: on two cores both work while PostgreSQL does. Batches
span files, so that many small files cost no more than a large one; order is kept, so that a correction
never overtakes its original.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from rempart.foundation.access.actor import Purpose, system
from rempart.screening.checking import (
    COULD_NOT_RUN,
    NOTHING_REJECTED,
    SOMETHING_REJECTED,
    files_of,
    look_for_cycles_rarely,
)
from rempart.screening.reading import Asked, Chunk, reader
from rempart.screening.rules.answer import findings
from rempart.screening.rules.report import Outcome
from rempart.screening.services.receive import Kept, keep
from rempart.screening.transcoding.snapshot import loaded


def ingest(asked: Asked) -> int:
    """Keep every message of files and folders; returns the exit code, as `rempart check` does.

    With `asked.answered`, one JSON object per message goes to standard output once it is on disk: what
    `check` prints, with the id of the delivery that holds it and whether it was there before.
    """
    look_for_cycles_rarely()
    outcomes: Counter[str] = Counter()
    asked = replace(asked, transcoding=loaded(now=datetime.now(UTC)))
    try:
        unread = _keep_all(asked, outcomes)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our lines left: what is on disk stays, the rest waits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    said = ", ".join(f"{outcomes[o.value]:,} {o.value}" for o in Outcome)
    sys.stderr.write(f"{said}; {outcomes['repeated']:,} were there before\n")
    if unread:
        return COULD_NOT_RUN
    return SOMETHING_REJECTED if outcomes[Outcome.REJECTED.value] else NOTHING_REJECTED


def _keep_all(asked: Asked, outcomes: Counter[str]) -> int:
    """Keep chunk after chunk, counting outcomes; how many paths could not be read."""
    unread, total, began = 0, 0, time.monotonic()
    with _progress() as progress, reader(asked) as chunks:
        task = progress.add_task("", total=_size_of(asked.paths), kept=0, rate=0.0)
        for chunk in chunks:
            unread += chunk.unread
            kept = keep(chunk.messages, actor=system(Purpose.INTAKE), now=datetime.now(UTC))
            outcomes.update(one.outcome.value for one in kept)
            outcomes["repeated"] += sum(one.repeated for one in kept)
            _say(chunk, kept)
            total += len(kept)
            rate = total / (time.monotonic() - began)
            progress.update(task, advance=chunk.size, kept=total, rate=rate)
    return unread


def _say(chunk: Chunk, kept: Sequence[Kept]) -> None:
    """The answers that were asked for, one line each, with what became of the message."""
    for begun, one in zip(chunk.answers, kept, strict=bool(chunk.answers)):
        rest = {
            "outcome": one.outcome.value,
            "findings": findings(one.findings),
            "delivery": str(one.delivery_id),
            "repeated": one.repeated,
        }
        sys.stdout.write(f"{begun}, {json.dumps(rest)[1:]}\n")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.fields[kept]:,} messages kept, {task.fields[rate]:,.0f}/s"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _size_of(paths: Iterable[str]) -> int:
    """Bytes to read, as far as they can be told in advance."""
    total = 0
    for path in paths:
        try:
            total += sum(Path(file).stat().st_size for file in files_of(path))
        except (OSError, ValueError):
            continue
    return total
