"""Loading a directory: rows per second and memory, beside a raw COPY of the same lines.

A made-up extraction of the Annuaire Santé is written to a temporary folder and loaded three times into a database of
its own: whole, again with one line in a hundred changed, and the mailboxes beside it. CPU seconds are those of this
process; memory is its own peak, which holds no more than a step of the file.

python -m benchmarks.directories [--lines 500000]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import rows
from tests.directories import MAILBOXES_HEAD, PROFESSIONALS_HEAD, mailbox, practice, rpps

from rempart.site.runtime import platform

_STREETS = ("DES LILAS", "DE LA REPUBLIQUE", "VICTOR HUGO", "DU GENERAL DE GAULLE", "PASTEUR", "DE LA GARE")
_NAMES = (
    "MARTIN",
    "BERNARD",
    "THOMAS",
    "PETIT",
    "ROBERT",
    "RICHARD",
    "DURAND",
    "DUBOIS",
    "MOREAU",
    "LAURENT",
)


def run(*, lines: int) -> list[rows.Row]:
    """Speeds of each load, of `lines` lines."""
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        os.environ["REMPART_VAR"] = str(place / "var")
        first, second, boxes = place / "one.txt", place / "two.txt", place / "boxes.txt"
        _write(first, PROFESSIONALS_HEAD, _practices(lines, changed=False))
        _write(second, PROFESSIONALS_HEAD, _practices(lines, changed=True))
        _write(boxes, MAILBOXES_HEAD, _mailboxes(lines))
        with platform():
            from django.db import connection

            from rempart.foundation.directories.loading import load

            def copy() -> None:
                with connection.cursor() as cursor:
                    cursor.execute("CREATE TEMP TABLE raw (line text)")
                    with cursor.cursor.copy("COPY raw (line) FROM STDIN") as into, first.open("rb") as file:
                        while block := file.read(1 << 20):
                            into.write(block.replace(b"\\", b"/"))
                    cursor.execute("DROP TABLE raw")

            now = datetime.now(UTC)
            limit = _timed("raw COPY of its lines", lines, copy)
            done = [
                _timed("professionals, first load", lines, lambda: load(first, now=now)),
                _timed("professionals, one line in a hundred changed", lines, lambda: load(second, now=now)),
                _timed("mailboxes, first load", lines, lambda: load(boxes, now=now)),
            ]
    return [
        limit,
        *(
            rows.Row(
                name=one.name,
                per_second=one.per_second,
                limit_name=limit.name,
                ratio=one.per_second / limit.per_second,
            )
            for one in done
        ),
    ]


def _timed(name: str, lines: int, work: Callable[[], object]) -> rows.Row:
    cpu, began = time.process_time(), time.perf_counter()
    work()
    took, own = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {took:.1f} s, of which {own:.1f} s CPU of this process; peak {peak:.0f} MB")
    return rows.Row(name=name, per_second=lines / took)


def _practices(lines: int, *, changed: bool) -> Iterator[dict[str, str]]:
    chance = random.Random(1)
    for rank in range(lines):
        street = f"{chance.choice(_STREETS)}{' BIS' if changed and rank % 100 == 0 else ''}"
        yield practice(
            rpps(rank * 10 // 11),  # one in ten works in two places
            chance.choice(_NAMES),
            **{
                "Libellé Voie (coord. structure)": street,
                "Identifiant technique de la structure": f"R{rank:014d}",
                "Numéro Voie (coord. structure)": str(chance.randrange(1, 200)),
                "Bureau cedex (coord. structure)": f"{chance.randrange(1, 96):02d}000 VILLE",
            },
        )


def _mailboxes(lines: int) -> Iterator[dict[str, str]]:
    for rank in range(lines):
        number = rpps(rank) if rank % 7 else ""
        yield mailbox(f"box.{rank}@medecin.mssante.fr", number=number, structure=f"1{rank:09d}")


def _write(path: Path, head: str, found: Iterable[dict[str, str]]) -> None:
    columns = head.split("|")
    with path.open("w", encoding="utf-8") as file:
        file.write(head + "\n")
        for row in found:
            file.write("|".join([row.get(column, "") for column in columns]) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.directories")
    parser.add_argument("--lines", type=int, default=500_000)
    print(rows.table(run(lines=parser.parse_args().lines)))
