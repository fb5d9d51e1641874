"""`rempart ingest`: files to kept results, by several processes that each read and keep.

Files are given out in their order, a thousand messages or so at a time; parts that speak of the same message or result
are kept in that order too (rules/turns.py). What is little is read and kept by this process alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from rempart.screening.checking import (
    COULD_NOT_RUN,
    NOTHING_REJECTED,
    SOMETHING_REJECTED,
    complain,
    files_of,
    look_for_cycles_rarely,
    walked,
)
from rempart.screening.crew import WorkerDied, crew
from rempart.screening.reading import Asked, Done, Reader, Task, keep_part
from rempart.screening.rules.report import Outcome
from rempart.screening.services.receive import BATCH
from rempart.screening.services.store import UNAVAILABLE

_FIRST_GUESS = 1_000  # bytes of a message, until some were read


def ingest(asked: Asked, *, workers: int) -> int:
    """Keep every message of files and folders; returns the exit code, as `rempart check` does.

    With `asked.answered`, one JSON object per message goes to standard output once it is on disk, in the order of
    the files: what `check` prints, with the id of the delivery that holds it and whether it was there before.
    """
    look_for_cycles_rarely()
    run = _Run(asked)
    try:
        with run.progress:
            run.all(workers)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our lines left: what is on disk stays, the rest waits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    except WorkerDied as why:
        complain(f"{why}.")
        return COULD_NOT_RUN
    except UNAVAILABLE as why:
        complain(f"the database went away ({type(why).__name__}); what was kept is kept: run it again.")
        return COULD_NOT_RUN
    outcomes = run.outcomes
    said = ", ".join(f"{outcomes[o.value]:,} {o.value}" for o in Outcome)
    sys.stderr.write(f"{said}; {outcomes['repeated']:,} were there before\n")
    if run.unread:
        return COULD_NOT_RUN
    return SOMETHING_REJECTED if outcomes[Outcome.REJECTED.value] else NOTHING_REJECTED


class _Run:
    """One run: what was read, what was kept, what is said of it."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.outcomes: Counter[str] = Counter()
        self.unread = 0
        self._messages = self._size = 0
        self._began = time.monotonic()
        self._lines: dict[int, list[str]] = {}  # of tasks that wait for an earlier one to be said
        self._said = 0  # tasks of which everything was said
        self._ended: set[int] = set()
        self.progress = _progress()
        self._bar = self.progress.add_task("", total=_size_of(asked.paths), kept=0, rate=0.0)

    def all(self, workers: int) -> None:
        tasks = self._tasks()
        first = list(islice(tasks, 2))
        tasks = chain(first, tasks)
        if workers == 1 or len(first) == 1:
            reader = Reader(self._asked)
            for task in tasks:
                for part in reader.parts(task):
                    self._done(task.number, keep_part(part))
            return
        with crew(self._asked, workers) as people:
            for number, done in people.run(tasks):
                self._done(number, done)

    def _tasks(self) -> Iterator[Task]:
        """The files in order, as many together as hold BATCH messages or somewhat less, going by those before."""
        number, files, size = 0, [], 0
        for path in self._asked.paths:
            for file in walked(path):
                if file is None:
                    self.unread += 1
                    continue
                files.append(file)
                size += _bytes_of(file)
                if size >= self._bytes_of_a_batch():
                    yield Task(number=number, files=tuple(files))
                    number, files, size = number + 1, [], 0
        yield Task(number=number, files=tuple(files))

    def _bytes_of_a_batch(self) -> float:
        each = self._size / self._messages if self._messages else _FIRST_GUESS
        return 0.9 * BATCH * each

    def _done(self, task: int, done: Done) -> None:
        """Count a part, and say what was asked of it once all before it was said."""
        self.outcomes += done.outcomes
        self.unread += done.unread
        self._messages += done.messages
        self._size += done.size
        self._lines.setdefault(task, []).extend(done.lines)
        if done.last:
            self._ended.add(task)
        while (lines := self._lines.get(self._said)) is not None:
            sys.stdout.writelines(lines)
            lines.clear()
            if self._said not in self._ended:
                break
            self._ended.remove(self._said)
            del self._lines[self._said]
            self._said += 1
        rate = self._messages / (time.monotonic() - self._began)
        self.progress.update(self._bar, advance=done.size, kept=self._messages, rate=rate)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.fields[kept]:,} messages kept, {task.fields[rate]:,.0f}/s"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _size_of(paths: tuple[str, ...]) -> int:
    """Bytes to read, as far as they can be told in advance."""
    total = 0
    for path in paths:
        try:
            total += sum(map(_bytes_of, files_of(path)))
        except (OSError, ValueError):
            continue
    return total


def _bytes_of(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except (OSError, ValueError):
        return 0
