"""What the trail costs a page: the list and a file of an investigator, with and without their entry.

A database of its own under a temporary folder, with simulated results and a trail of half a million entries. Pages are
asked through Django's test client, whole (session, rights, template): without a network around it, the page is
shorter, and the share of the trail is if anything larger. By turns with and without, page after page, in
rounds, each by an account of its own.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

import psycopg
from benchmarks.agents import signed_in
from benchmarks.rows import Latency

from rempart.foundation.vault import KeyStore
from rempart.site.runtime import platform

LIMIT = 1.10
"""A page with its entry takes at most so many times as long as without."""

_ROUNDS, _ASKED, _BEFORE = 20, 50, 5
_ENTRIES = 500_000
_DAYS = 7


def run(*, population: int = 40_000) -> tuple[list[Latency], dict[str, float]]:
    """Latencies of each page with and without its entry, and the ratio of their medians."""
    from rempart.simulators.files import simulate

    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        start = date.today() - timedelta(days=_DAYS)  # noqa: DTZ011 -- a day will do
        with redirect_stderr(io.StringIO()):
            simulate(population=population, days=_DAYS, seed=1, out=place / "messages", start=start)
        os.environ["REMPART_VAR"] = str(place / "var")
        with platform() as configuration:
            _fill(place / "messages", configuration.key_store)
            return _measure()


def _fill(messages: Path, key_store: KeyStore) -> None:
    from rempart.screening.ingesting import ingest
    from rempart.screening.reading import Asked
    from rempart.screening.rules.catalogue import Profile
    from rempart.site.worker import drain

    asked = Asked(
        paths=(str(messages),), format=None, profile=Profile.FR, pathogen="covid19", key_store=key_store,
        answered=False,
    )  # fmt: skip
    with redirect_stderr(io.StringIO()):
        ingest(asked, workers=os.cpu_count() or 1)
    drain()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(
            "INSERT INTO audit_entry (at, actor, role, purpose, act, subject, person_id)"
            " SELECT now() - make_interval(secs => n), gen_random_uuid()::text, 'investigator', 'investigation',"
            " 'case-opened', gen_random_uuid()::text, gen_random_uuid() FROM generate_series(1, %s) n",
            [_ENTRIES],
        )
        owner.execute("VACUUM ANALYZE")


def _measure() -> tuple[list[Latency], dict[str, float]]:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        found = owner.execute(
            "SELECT department, count(*) FROM tracing_case GROUP BY 1 ORDER BY 2 DESC LIMIT 8"
        ).fetchall()
        departments = [department for department, _ in found]
        ((case,),) = owner.execute(
            "SELECT id FROM tracing_case WHERE department = %s LIMIT 1", departments[:1]
        ).fetchall()
        print(f"{sum(count for _, count in found):,} cases in {len(found)} departments", file=sys.stderr)
    pages = {"list": "/suivi/", "file": f"/suivi/dossiers/{case}/"}
    times: dict[tuple[str, bool], list[float]] = {
        (name, kept): [] for name in pages for kept in (True, False)
    }
    for round_ in range(_ROUNDS):
        ask = _signed_in(round_, departments)
        for name, address in pages.items():
            for asked in range(-_BEFORE, _ASKED):
                for kept in (True, False) if asked % 2 else (False, True):  # what slows one slows the other
                    with _trail(kept=kept):
                        began = time.perf_counter()
                        ask(address)
                        if asked >= 0:
                            times[name, kept].append((time.perf_counter() - began) * 1000)
    latencies = [
        Latency(
            name=f"{name}, {'with' if kept else 'without'} its entry",
            median_ms=statistics.median(measured),
            p95_ms=statistics.quantiles(measured, n=20)[-1],
        )
        for (name, kept), measured in times.items()
    ]
    ratios = {
        name: statistics.median(times[name, True]) / statistics.median(times[name, False]) for name in pages
    }
    return latencies, ratios


def _signed_in(number: int, departments: list[str]) -> Callable[[str], None]:
    """An account of its own, signed in; what asks for an address."""
    client = signed_in(departments, name=f"bench-{number}")

    def ask(address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)

    return ask


@contextmanager
def _trail(*, kept: bool) -> Iterator[None]:
    """Tracing writes its entries, or none at all."""
    if kept:
        yield
        return
    with mock.patch("rempart.tracing.services.worklist.record"):
        yield


def told(ratios: dict[str, float]) -> str:
    """The ratios beside their limit."""
    return "\n".join(
        f"{name}: {ratio:.3f} times as long with its entry (at most {LIMIT:.2f}: {'kept' if ratio <= LIMIT else 'NOT KEPT'})"
        for name, ratio in ratios.items()
    )
