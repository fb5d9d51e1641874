"""`rempart check`: decode and judge files, print what was found. No database, no storage."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from rempart.foundation.terminology import pathogen, pathogens
from rempart.screening.formats import Context, decode
from rempart.screening.rules.answer import answer
from rempart.screening.rules.catalogue import Profile, finding
from rempart.screening.rules.judging import Judgement, judge
from rempart.screening.rules.report import Format, Item, Outcome, Severity

NOTHING_REJECTED, SOMETHING_REJECTED, COULD_NOT_RUN = 0, 1, 2

MOST_BYTES = 100_000_000
"""Of one file: it is read whole. A laboratory of four hundred results a day needs a year for so many."""

TOGETHER = 50
"""Messages that are read, then judged, together."""

_KEPT_OF_MORE = 65_536  # bytes by which a file that is too large is known again

_COLOURS = {Outcome.ACCEPTED: "green", Outcome.HELD: "yellow", Outcome.REJECTED: "red"}
_MARKS = {Severity.ERROR: "[red]error  [/red]", Severity.WARNING: "[yellow]warning[/yellow]"}


class Printer(Protocol):
    """How judged messages are shown."""

    def message(self, source: str, item: Item, judgement: Judgement) -> None: ...

    def end(self, outcomes: Counter[Outcome]) -> None: ...


def check(
    paths: Iterable[str], *, format_name: str, profile_name: str, pathogen_name: str, as_json: bool
) -> int:
    """Judge every message of files and folders; returns the exit code of `rempart check`.

    Each file is looked at whatever became of the one before; a path that cannot be read makes the code 2.
    """
    if pathogen_name not in pathogens():
        complain(f"No pathogen {pathogen_name!r}; there are: {', '.join(pathogens())}.")
        return COULD_NOT_RUN
    profile, agent = Profile(profile_name), pathogen(pathogen_name)
    format_ = None if format_name == "auto" else Format(format_name)
    printer: Printer = _Json() if as_json else _Console()
    try:
        code = _check(paths, format_, Context(pathogen=agent, profile=profile), printer)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader left: be quiet, also when Python flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    return code


def look_for_cycles_rarely() -> None:
    """Messages make no cycles, and Python's search for them costs a quarter of the time."""
    gc.set_threshold(200_000, 20, 100)


def files_of(path: str) -> Iterator[str]:
    """The file itself, or every file under a folder, by name. Raises OSError when there is none."""
    if not Path(path).is_dir():
        yield path
        return

    def refuse(fault: OSError) -> None:
        raise fault

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            found = Path(folder, name)
            if found.is_file():  # not a socket, a pipe or a device
                yield str(found)


def judged(
    payload: bytes, *, format_: Format | None, context: Context
) -> Iterator[list[tuple[Item, Judgement]]]:
    """Every message of a file as `read_file` gave it, read and judged now, some at a time.

    Several are read before the first is judged: the processor then has the decoder at hand for all of them, and
    takes a tenth less time than for one after the other.
    """
    items = _items(payload, format_, context)
    profile, agent = context.profile, context.pathogen
    while some := list(islice(items, TOGETHER)):
        now = datetime.now(UTC)
        yield [(item, judge(item, profile=profile, pathogen=agent, now=now)) for item in some]


def _items(payload: bytes, format_: Format | None, context: Context) -> Iterator[Item]:
    if len(payload) <= MOST_BYTES:
        return decode(payload, format=format_, context=context)
    said = finding("F03", "file", "start of the file", limit=MOST_BYTES)
    return iter([Item(position=0, format=Format.UNKNOWN, raw=payload[:_KEPT_OF_MORE], findings=(said,))])


def _check(paths: Iterable[str], format_: Format | None, context: Context, printer: Printer) -> int:
    outcomes: Counter[Outcome] = Counter()
    unread = 0
    for path in paths:
        for source, payload in read_files(path):
            if payload is None:
                unread += 1
                continue
            for item, judgement in chain.from_iterable(judged(payload, format_=format_, context=context)):
                outcomes[judgement.outcome] += 1
                printer.message(source, item, judgement)
    printer.end(outcomes)
    if unread:
        return COULD_NOT_RUN
    return SOMETHING_REJECTED if outcomes[Outcome.REJECTED] else NOTHING_REJECTED


def read_files(path: str) -> Iterator[tuple[str, bytes | None]]:
    """Every file of a path with its bytes, None where they cannot be had (and said why)."""
    for source in walked(path):
        yield source or path, read_file(source) if source is not None else None


def walked(path: str) -> Iterator[str | None]:
    """The files of a path, and None where the path itself or a folder of it cannot be read (and said why)."""
    try:
        yield from files_of(path)
    except OSError as fault:
        complain(f"{fault.filename or path} cannot be read: {fault.strerror}.")
        yield None
    except ValueError:
        complain(f"{path!r} cannot be the name of a file.")
        yield None


def read_file(source: str) -> bytes | None:
    """The bytes of a file, the first ones of one that has more than MOST_BYTES; None where they cannot be had (and
    said why)."""
    try:
        with Path(source).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as fault:
        complain(f"{fault.filename or source} cannot be read: {fault.strerror}.")
    except ValueError:
        complain(f"{source!r} cannot be the name of a file.")
    return None


def complain(message: str) -> None:
    sys.stderr.write(_printable(message) + "\n")


def _printable(text: str) -> str:
    """Text that a terminal can show and cannot obey: no control character, no lone surrogate."""
    return "".join([c if c.isprintable() else "\ufffd" for c in text])


class _Json:
    """One JSON object per line; nothing else on standard output."""

    def message(self, source: str, item: Item, judgement: Judgement) -> None:
        line = json.dumps(answer(item, judgement, source=source), ensure_ascii=True)
        sys.stdout.write(line + "\n")

    def end(self, outcomes: Counter[Outcome]) -> None:
        """The lines say it all."""


class _Console:
    """Lines for people: what became of each message, why, and what to do."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.markup import escape

        self._console = Console(soft_wrap=True, highlight=False)
        self._escape = escape
        self._started = time.monotonic()

    def message(self, source: str, item: Item, judgement: Judgement) -> None:
        colour = _COLOURS[judgement.outcome]
        results = ", ".join(
            f"{r.loinc or r.analysis_code or '?'} {r.result.value if r.result else '–'}" for r in item.reports
        )
        about = " · ".join(filter(None, (item.format.value, item.control_id, results)))
        verdict = f"[{colour}]{judgement.outcome.value:8}[/{colour}]"
        self._print(f"{verdict} {self._safe(source)} [dim]#{item.position}[/dim] {self._safe(about)}")
        for said in judgement.findings:
            place, message = self._safe(said.location), self._safe(said.message)
            self._print(f"  {_MARKS[said.severity]} {said.code} [dim]{place}[/dim] {message}")
            if said.severity is Severity.ERROR:
                self._print(f"              [dim]{self._safe(said.do)}[/dim]")

    def end(self, outcomes: Counter[Outcome]) -> None:
        total = sum(outcomes.values())
        seconds = time.monotonic() - self._started
        counts = ", ".join(f"{outcomes[outcome]:,} {outcome.value}" for outcome in Outcome)
        rate = f" ({total / seconds:,.0f}/s)" if seconds > 1 else ""
        self._print(f"[bold]{total:,} messages[/bold]: {counts}{rate}")

    def _safe(self, text: str) -> str:
        return self._escape(_printable(text))

    def _print(self, line: str) -> None:
        self._console.print(line)
