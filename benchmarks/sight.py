"""What row-level security costs the list, over millions of cases: the same list with and without it.

A database of its own under a temporary folder, with as many cases (and as many sealed identities) as asked. The
list is asked for in rounds, by turns with the policies of the tables it reads and without them, as the
application's role; the service alone is measured, since a page around it would hide the cost.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from benchmarks.rows import Latency

from rempart.site.runtime import platform

REGION = ("75", "77", "78", "91", "92", "93", "94", "95")
_TABLES = ("tracing_case", "people_identity")
_ROUNDS, _ASKED = 10, 40
_CASE = (
    "id", "result_month", "result_id", "result_key", "person_id", "identity_id", "department", "laboratory", "pathogen",
    "kind", "sampled_on", "received_at", "residence", "symptoms", "state", "version", "expires_on",
)  # fmt: skip
_CASE_TYPES = (
    "uuid", "date", "uuid", "bytea", "uuid", "uuid", "varchar", "varchar", "varchar", "varchar", "date",
    "timestamptz", "varchar", "varchar", "varchar", "int4", "date",
)  # fmt: skip
_IDENTITY = ("id", "department", "expires_on", "sealed", "whole", "created_at")
_IDENTITY_TYPES = ("uuid", "varchar", "date", "bytea", "bytea", "timestamptz")


def run(*, cases: int = 5_000_000) -> list[Latency]:
    """Latencies of the list of a region, with row security and without, over `cases` positives."""
    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        os.environ["REMPART_VAR"] = str(place / "var")
        with platform():
            _fill(cases)
            return _measure(cases)


def _fill(cases: int) -> None:
    """Cases of the last 28 days, where people live; as the owner, whom no policy concerns."""
    from django.conf import settings

    from rempart.foundation.database.bulk import copy_rows
    from rempart.foundation.territories import departments
    from rempart.foundation.vault import Purpose, Sealer, keyring_of

    chance = random.Random(1)
    codes = list(departments())
    homes = chance.choices(codes, weights=[departments()[code].population for code in codes], k=cases)
    now, today = datetime.now(UTC), datetime.now(UTC).date()
    until = today + timedelta(days=180)
    sealer = Sealer(keyring_of(settings.KEY_STORE), Purpose.IDENTITY, until)
    began = time.perf_counter()
    with (
        psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner,
        owner.cursor() as cursor,
    ):
        for first in range(0, cases, 100_000):
            rows = list(_rows(homes[first : first + 100_000], first, cases, now, until, sealer))
            copy_rows(
                cursor,
                table="people_identity",
                columns=_IDENTITY,
                types=_IDENTITY_TYPES,
                rows=[r[0] for r in rows],
            )
            copy_rows(
                cursor, table="tracing_case", columns=_CASE, types=_CASE_TYPES, rows=[r[1] for r in rows]
            )
        owner.execute("VACUUM ANALYZE")
    print(f"{cases:,} cases in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _rows(
    homes: list[str], first: int, cases: int, now: datetime, until: date, sealer: object
) -> Iterator[tuple[tuple[object, ...], tuple[object, ...]]]:
    from rempart.foundation.database.keys import uuid7s
    from rempart.foundation.people.content import identity_content

    keys = uuid7s(4 * len(homes))
    span = timedelta(days=28) / cases
    for rank, home in enumerate(homes):
        case, result, person, identity = keys[4 * rank : 4 * rank + 4]
        received = now - span * (cases - first - rank)
        content = identity_content(
            birth_name=f"PERSONNE{rank}", used_name="", first_names=("Alix",), sex="F", birth_date=until,
            birth_place="75056", ins="", ins_authority="", insured_number="",
        )  # fmt: skip
        sealed = sealer.seal(content.encode(), context=identity.bytes)  # type: ignore[attr-defined]
        yield (
            (identity, home, until, sealed, identity.bytes, received),
            (
                case, received.date().replace(day=1), result, case.bytes, person, identity, home, "750000018",
                "covid19", "naat", received.date(), received, "I", "S0",
                "waiting" if rank % 5 == 0 else "called", 1, until,
            ),
        )  # fmt: skip


def _measure(cases: int) -> list[Latency]:
    from django.conf import settings

    from rempart.foundation.access.actor import Actor, Purpose, Role
    from rempart.foundation.access.rights import Right, granted
    from rempart.foundation.database.keys import uuid7
    from rempart.foundation.vault import keyring_of
    from rempart.tracing import rules
    from rempart.tracing.services.worklist import PAGE, worklist

    key = uuid7()
    actor = Actor(
        id=str(key), agent=key, role=Role.INVESTIGATOR, purpose=Purpose.INVESTIGATION, departments=REGION,
        fields=granted(Role.INVESTIGATOR, Right.CASES_LIST).sees,
    )  # fmt: skip
    keyring = keyring_of(settings.KEY_STORE)
    times: dict[str, list[float]] = {"ENABLE": [], "DISABLE": []}
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for _ in range(_ROUNDS):
            for security, measured in times.items():
                for table in _TABLES:
                    owner.execute(f"ALTER TABLE {table} {security} ROW LEVEL SECURITY")
                for asked in range(-5, _ASKED):
                    began = time.perf_counter()
                    page = worklist(
                        actor=actor, states=(rules.State.WAITING,), keyring=keyring, now=datetime.now(UTC)
                    )
                    if asked >= 0:
                        measured.append((time.perf_counter() - began) * 1000)
                    assert len(page.lines) == PAGE
                    assert all(line.identity for line in page.lines)
    over = f"{cases:,} cases"
    with_it = _latency(f"the list of a region, row security ({over})", times["ENABLE"])
    without = _latency(f"the list of a region, without it ({over})", times["DISABLE"])
    print(f"p95 with row security: {with_it.p95_ms / without.p95_ms:.3f} of without", file=sys.stderr)
    return [without, with_it]


def _latency(name: str, times: list[float]) -> Latency:
    return Latency(
        name=name, median_ms=statistics.median(times), p95_ms=statistics.quantiles(times, n=20)[-1]
    )
