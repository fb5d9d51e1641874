"""On paper: labels of tubes, and the list that goes with a batch."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import cache
from importlib import resources

from rempart.proofs import barcodes
from rempart.proofs.documents.printing import printable
from rempart.proofs.typesetting import typeset
from rempart.screening.rules.report import Person
from rempart.screening.sampling.rules import tubes
from rempart.screening.sampling.services.batches import Batch

MOST_BLANK = 100
_NAME = 26
"""Characters of a name on a label."""


def label(number: str, person: Person, *, now: datetime) -> bytes:
    """The label of a tube as PDF, 50 × 25 mm: its number as Code 128 and DataMatrix, and whose it is."""
    family = (person.birth_name or person.used_name).upper()
    name = printable(f"{family} {' '.join(person.first_names[:1])}".strip()[:_NAME])
    born = f"{person.birth_date:%d/%m/%Y}" if person.birth_date else ""
    sex = person.sex.value if person.sex else ""
    return _labels([_label(number, name=name, born=f"{born} {sex}".strip())], now)


def blank_labels(count: int, *, now: datetime) -> bytes:
    """Labels with new numbers, to be stuck on before anybody is registered; nobody's until they are scanned."""
    numbers = [tubes.new_number(secrets.randbelow) for _ in range(min(count, MOST_BLANK))]
    return _labels([_label(number) for number in numbers], now)


def delivery_note(batch: Batch, *, place: str, zone: tzinfo, now: datetime) -> bytes:
    """The list of a batch as PDF: numbers, times, a column to tick. It names nobody."""
    head = [
        ("Prélevé par", batch.establishment),
        ("Lieu", printable(place)),
        ("Laboratoire", batch.laboratory),
        ("Envoyé le", f"{batch.sent_at.astimezone(zone):%d/%m/%Y à %H:%M}"),
        ("Tubes", str(batch.count)),
    ]
    lines = [
        {
            "rank": rank,
            "number": line.grouped,
            "sampled": f"{line.sampled_at.astimezone(zone):%d/%m/%Y %H:%M}" if line.sampled_at else "",
        }
        for rank, line in enumerate(batch.lines, start=1)
    ]
    content = {
        "name": batch.name,
        "datamatrix": list(barcodes.datamatrix(batch.name, scale=4)),
        "head": [pair for pair in head if pair[1]],
        "lines": lines,
        "count": batch.count,
        "date": _date(now),
    }
    return typeset(_template("batch.typ"), content, at=now)


def _label(number: str, *, name: str = "", born: str = "") -> dict[str, object]:
    return {
        "number": number,
        "shown": tubes.grouped(number),
        "name": name,
        "born": born,
        "code128": list(barcodes.code128(number, scale=2)),
        "datamatrix": list(barcodes.datamatrix(number, scale=4)),
    }


def _labels(labels: Iterable[dict[str, object]], now: datetime) -> bytes:
    return typeset(_template("label.typ"), {"labels": list(labels), "date": _date(now)}, at=now)


def _date(now: datetime) -> list[int]:
    return [now.year, now.month, now.day]


@cache
def _template(name: str) -> bytes:
    return resources.files("rempart.screening.sampling").joinpath("typst", name).read_bytes()
