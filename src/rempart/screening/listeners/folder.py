"""The drop folder: files that a laboratory's system puts down are read, kept and answered, one after the other.

Nothing is lost and nothing is kept twice, wherever the process ends: a file is taken by renaming it, its messages are
recognised when they come again, and it is put away only once its acknowledgement is on disk beside it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import close_old_connections

from rempart.foundation.access.models import machine_at
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import KeyProviderError
from rempart.screening.formats.hprim_sante import ack as hprim_sante_ack
from rempart.screening.listeners import boxes
from rempart.screening.listeners.boxes import Box
from rempart.screening.rules.answer import findings
from rempart.screening.rules.catalogue import finding
from rempart.screening.rules.judging import Judgement
from rempart.screening.rules.report import Finding, Format, Item, Outcome
from rempart.screening.services.intake import Intake
from rempart.screening.services.prepared import delivery_of
from rempart.screening.services.store import UNAVAILABLE

MOST_BYTES = 200_000_000
"""Of one file; beyond it, the sender cuts it (F03)."""

_UNFINISHED = timedelta(days=1)
_SWEEP_EVERY = 3600.0  # seconds
_REJECTED = Outcome.REJECTED.value
_log = logging.getLogger(__name__)
_LATER = (*UNAVAILABLE, KeyProviderError)


class Occupied(Exception):
    """Another process reads this folder already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the folder is looked at, and how long a file must have been left alone; in seconds."""

    every: float = 1.0
    settled: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Became:
    """What became of a file: how many messages of each outcome, and each of which something is to be said."""

    delivery: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    items: list[dict[str, Any]] = field(default_factory=list)
    hprim_sante: list[tuple[Item, Judgement]] = field(
        default_factory=list
    )  # those of the format that has its own words


def run(root: Path, *, intake: Intake, stop: threading.Event, pace: Pace) -> None:
    """Read what is put down until told to stop; the file at hand is finished first. Raises Occupied."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    swept = -_SWEEP_EVERY
    with _alone(root):
        while not stop.is_set():
            try:
                look(root, intake=intake, stop=stop, settled=pace.settled)
                if time.monotonic() > swept + _SWEEP_EVERY:
                    sweep(root, now=datetime.now(UTC))
                    swept = time.monotonic()
            except _LATER as why:
                _log.warning("the drop folder waits: %s", type(why).__name__)
                close_old_connections()
            stop.wait(pace.every)


def look(root: Path, *, intake: Intake, stop: threading.Event, settled: float) -> int:
    """Read every file that is whole, those that were interrupted first; how many were put away.

    Raises what the database or the key store raises when they are not there: the file at hand stays taken.
    """
    read = 0
    for box in boxes.boxes(root):
        box.make()
        for name in _next(box, settled):
            if stop.is_set():
                return read
            try:
                deliver(box, name, intake=intake)
            except _LATER:
                raise
            except Exception as fault:  # one file that shows a fault of ours must not stop the others
                _log.exception(
                    "a file of %s cannot be read: %s", box.laboratory, type(fault).__name__, exc_info=False
                )
                close_old_connections()
                _put_away(box, name, _refused(finding("F08", "fault", "file")))
            read += 1
    return read


def deliver(box: Box, name: str, *, intake: Intake) -> None:
    """Keep the messages of one taken file, and put it away with what became of them."""
    payload = boxes.read(box, name, most=MOST_BYTES)
    if payload is None:
        became = _refused(finding("F03", "file", "file", limit=MOST_BYTES))
    else:
        became = _kept(box, payload, intake)
    _put_away(box, name, became)


def _put_away(box: Box, name: str, became: _Became) -> None:
    """Acknowledge a file in its own words where it has some, else in ours."""
    now = datetime.now(UTC)
    refused = set(became.outcomes) == {_REJECTED}
    if became.hprim_sante:
        items, judgements = zip(*became.hprim_sante, strict=True)
        said = hprim_sante_ack.acknowledge(items, judgements, now=now)
        boxes.finish(box, name, acknowledgement=said, refused=refused, ending=boxes.ERR)
        return
    whole = {
        "file": name.encode("utf-8", "replace").decode(),
        "read_at": now.isoformat(),
        "delivery": became.delivery,
        "outcomes": dict(became.outcomes),
        "items": became.items,
    }
    boxes.finish(
        box, name, acknowledgement=json.dumps(whole, ensure_ascii=False, indent=1).encode(), refused=refused
    )


def sweep(root: Path, *, now: datetime) -> int:
    """Delete what was put away longer ago than the retention of deposited files lets it stay; how many files."""
    kept_since = retention(Kind.DEPOSITED_FILE).kept_since(now.date())
    before = datetime.combine(kept_since, datetime.min.time(), tzinfo=UTC).timestamp()
    unfinished = (now - _UNFINISHED).timestamp()
    return sum(boxes.sweep(box, before=before, unfinished_before=unfinished) for box in boxes.boxes(root))


def _next(box: Box, settled: float) -> Iterator[str]:
    """Names of taken files, one at a time: the next one is taken when the one before is put away."""
    yield from boxes.interrupted(box)
    for name in boxes.waiting(box, untouched_since=time.time() - settled):
        if (taken := boxes.take(box, name)) is not None:
            yield taken


def _refused(said: Finding) -> _Became:
    return _Became(outcomes=Counter({_REJECTED: 1}), items=[{"item": 0, "findings": findings([said])}])


def _kept(box: Box, payload: bytes, intake: Intake) -> _Became:
    delivery = delivery_of(payload, channel="folder", laboratory=box.laboratory)
    actor = machine_at(box.laboratory)
    became = _Became(delivery=str(delivery.id))
    for batch in intake.keep(intake.read(payload, delivery=delivery), actor=actor):
        for one in batch:
            judgement = one.judgement
            became.outcomes[judgement.outcome.value] += 1
            if one.item.format is Format.HPRIM_SANTE:
                became.hprim_sante.append((replace(one.item, reports=()), judgement))
                continue
            if judgement.findings or judgement.outcome is not Outcome.ACCEPTED:
                became.items.append(
                    {
                        "item": one.item.position,
                        "control_id": one.item.control_id,
                        "outcome": judgement.outcome.value,
                        "repeated": one.kept.repeated,
                        "findings": findings(judgement.findings),
                    }
                )
    return became


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock goes with the process, however it ends. Raises Occupied."""
    with os.fdopen(os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Occupied(f"another process reads {root} already") from None
        yield
