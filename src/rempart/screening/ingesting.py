"""`rempart ingest`: files to kept results, in order, the reading ahead of the keeping.

One thread reads, decodes and judges while the other keeps the batch before: PostgreSQL works while
Python reads. Batches span files, so that many small files cost no more than a large one; order is
kept, so that a correction never overtakes its original.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.terminology import pathogen
from rempart.foundation.vault import Keyring
from rempart.screening.checking import (
    COULD_NOT_RUN,
    NOTHING_REJECTED,
    SOMETHING_REJECTED,
    JsonLines,
    files_of,
    read_files,
)
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Format, Outcome
from rempart.screening.services.intake import Answered, Intake, delivery_of
from rempart.screening.services.receive import BATCH, Judged

_COLLECTED_AFTER = (200_000, 20, 100)
"""When Python looks for cycles: messages make none, and looking cost a quarter of the time."""

_AHEAD = 3
"""Batches that may wait to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Messages in order, and the bytes of the files that ended among them."""

    messages: list[Judged]
    size: int


def ingest(
    paths: Iterable[str],
    *,
    format_name: str,
    profile_name: str,
    pathogen_name: str,
    as_json: bool,
    keys_root: Path,
) -> int:
    """Keep every message of files and folders; returns the exit code, as `rempart check` does.

    With `as_json`, one object per message once it is on disk, with the id of the delivery that holds it
    and whether it was there before.
    """
    listed = list(paths)
    gc.set_threshold(*_COLLECTED_AFTER)
    intake = Intake(
        pathogen=pathogen(pathogen_name), keyring=Keyring(keys_root), profile=Profile(profile_name)
    )
    format_ = None if format_name == "auto" else Format(format_name)
    outcomes: Counter[str] = Counter()
    lines = JsonLines()
    progress = _progress(enabled=sys.stderr.isatty())
    with progress:
        task = progress.add_task("", total=_size_of(listed), kept=0)
        reader = _Reader(listed, intake, format_)
        sources = reader.sources
        try:
            for batch in intake.keep(reader.judged(progress, task), actor=system(Purpose.INTAKE)):
                for answered in batch:
                    outcomes[answered.kept.outcome.value] += 1
                    outcomes["repeated"] += answered.kept.repeated
                    if as_json:
                        _say(lines, next(sources), answered)
                progress.update(task, kept=sum(outcomes[o.value] for o in Outcome))
            sys.stdout.flush()
        except BrokenPipeError:  # the reader of our lines left: what is on disk stays, the rest waits
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return COULD_NOT_RUN
        finally:
            reader.stop()
    _summarise(outcomes)
    if reader.unread:
        return COULD_NOT_RUN
    return SOMETHING_REJECTED if outcomes[Outcome.REJECTED.value] else NOTHING_REJECTED


class _Reader:
    """Reads, decodes and judges in a thread of its own, a few batches ahead."""

    def __init__(self, paths: list[str], intake: Intake, format_: Format | None) -> None:
        self.unread = 0
        self.sources = self._taken_sources()
        self._sources: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._paths, self._intake, self._format = paths, intake, format_
        self._queue: queue.Queue[_Chunk | BaseException | None] = queue.Queue(maxsize=_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def judged(self, progress: Progress, task: TaskID) -> Iterator[Judged]:
        """Every message in order. Raises what reading raised."""
        self._thread.start()
        while (chunk := self._queue.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            progress.advance(task, chunk.size)
            yield from chunk.messages

    def stop(self) -> None:
        """Let the thread end, whatever it waits for."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                self._thread.join(timeout=0.05)

    def _taken_sources(self) -> Iterator[str]:
        while True:
            yield self._sources.get()

    def _run(self) -> None:
        try:
            for chunk in self._chunks():
                self._queue.put(chunk)
                if self._stopped.is_set():
                    return
            self._queue.put(None)
        except BaseException as error:
            self._queue.put(error)

    def _chunks(self) -> Iterator[_Chunk]:
        messages: list[Judged] = []
        size = 0
        for path in self._paths:
            for source, payload in read_files(path):
                if payload is None:
                    self.unread += 1
                    continue
                delivery = delivery_of(payload, channel="file", laboratory="")
                for judged in self._intake.read(payload, format=self._format, delivery=delivery):
                    self._sources.put(source)
                    messages.append(judged)
                    if len(messages) == BATCH:
                        yield _Chunk(messages=messages, size=size)
                        messages, size = [], 0
                size += len(payload)
        yield _Chunk(messages=messages, size=size)


def _say(lines: JsonLines, source: str, answered: Answered) -> None:
    lines.message(
        source,
        answered.item,
        answered.judgement,
        delivery=str(answered.kept.delivery_id),
        repeated=answered.kept.repeated,
    )


def _size_of(paths: Iterable[str]) -> int:
    """Bytes to read, as far as they can be told in advance."""
    total = 0
    for path in paths:
        try:
            total += sum(os.stat(file).st_size for file in files_of(path))  # noqa: PTH116 -- many files
        except (OSError, ValueError):
            continue
    return total


def _progress(*, enabled: bool) -> Progress:
    return Progress(
        TextColumn("{task.fields[kept]} messages kept"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.speed}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not enabled,
    )


def _summarise(outcomes: Counter[str]) -> None:
    said = ", ".join(f"{outcomes[o.value]} {o.value}" for o in Outcome)
    Console(stderr=True, highlight=False).print(f"{said}; {outcomes['repeated']} were there before")
