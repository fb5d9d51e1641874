"""Screening's own pseudonymous facts: one per result version, without name, number or address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.db.backends.utils import CursorWrapper

from rempart.foundation import facts
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.identifiers import finess
from rempart.foundation.vault import Keyring
from rempart.screening.services.objecting import fact_id, note_objections
from rempart.screening.services.published import PublishedResult, announced
from rempart.screening.services.receive import RESULTS


def subscriber(*, keyring: Keyring, root: Path) -> Subscriber:
    """Writes the facts of every result under `root`.

    A batch's file is named by the event it starts with: when a crash comes between the file and the
    position, the next try writes the same file again, and no result is counted twice.
    """
    key = keyring.secret("facts")

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        results = announced(cursor, events)
        batch = [_fact(result, key) for result in results]
        if batch:
            note_objections(cursor, results, key)
            facts.write_batch(root, batch, start=f"{events[0].xid:020d}-{events[0].id:020d}")

    return Subscriber(name="screening.facts", topics=(RESULTS,), handle=handle, batch=8)


def _fact(result: PublishedResult, key: bytes) -> facts.ResultFact:
    timed = result.sampled_precision in ("hour", "minute", "second")
    return facts.ResultFact(
        fact_id=fact_id(key, result.ledger_key).hex(),
        version=result.version,
        retracted=result.retracted,
        pathogen=result.pathogen,
        sampled_on=result.sampled_on,
        received_at=result.received_at,
        validated_at=result.validated_at,
        department=result.residence_department,
        laboratory_department=finess.parse(result.laboratory).department,
        age_class=result.age_class,
        sex=facts.Sex(result.sex),
        kind=facts.Kind(result.kind),
        loinc=result.loinc,
        result=facts.Result(result.result),
        symptoms=result.symptoms,
        residence=result.residence,
        health_worker=result.health_worker,
        sampling_to_validation_minutes=_minutes(result.sampled_at if timed else None, result.validated_at),
        validation_to_reception_minutes=_minutes(result.validated_at, result.received_at),
    )


def _minutes(start: datetime | None, end: datetime | None) -> int | None:
    return int((end - start).total_seconds() // 60) if start and end else None
