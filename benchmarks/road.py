"""Ingest end to end beside a raw COPY of the same rows, then the list and the search over what was kept.

A database of its own, durable, under a temporary folder. Files are read, judged, sealed and kept by the
same code as `rempart ingest`; the limit is PostgreSQL's own COPY of every row that this stored, into
tables of the same shape with the same indexes, in the same database. Then a real server is asked.
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

import httpx
import psycopg
from benchmarks.agents import signed_in
from benchmarks.intake import copy_seconds
from benchmarks.rows import Latency, Row

from rempart.foundation.access.limits import Use, limits
from rempart.foundation.vault import KeyStore
from rempart.site import serving
from rempart.site.listening import Listening, free_port
from rempart.site.runtime import platform

_A_DAY = 0.0147  # messages per inhabitant and day that the simulator sends
_DAYS = 28
_ASKED = 200
_REGION = ("75", "77", "78", "91", "92", "93", "94", "95")


def run(*, results: int = 1_000_000) -> tuple[list[Row], list[Latency]]:
    """Rows for the ingest, latencies of the pages; `results` is about how many messages are made."""
    from rempart.simulators.files import simulate

    with tempfile.TemporaryDirectory(prefix="rempart-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        written = simulate(
            population=round(results / _A_DAY / _DAYS),
            days=_DAYS,
            seed=1,
            out=place / "messages",
            start=date.today() - timedelta(days=_DAYS),  # noqa: DTZ011 -- a day will do
        )
        print(f"{written.messages:,} messages in {written.files:,} files", file=sys.stderr)
        with _platform(place / "var") as key_store:
            rows = _ingest(place / "messages", key_store, written.messages)
            return rows, list(_pages())


@contextmanager
def _platform(var: Path) -> Iterator[KeyStore]:
    os.environ["REMPART_VAR"] = str(var)
    with platform() as configuration:
        yield configuration.key_store


def _ingest(messages: Path, key_store: KeyStore, count: int) -> list[Row]:
    from rempart.screening.ingesting import ingest
    from rempart.screening.reading import Asked
    from rempart.screening.rules.catalogue import Profile

    asked = Asked(
        paths=(str(messages),), format=None, profile=Profile.FR, pathogen="covid19", key_store=key_store,
        answered=False,
    )  # fmt: skip
    began = time.perf_counter()
    with redirect_stderr(io.StringIO()):
        ingest(asked, workers=os.cpu_count() or 1)
    seconds = time.perf_counter() - began
    copied = copy_seconds(messages.parent)
    limit = "raw COPY of the same rows"
    return [
        Row(name=limit, per_second=count / copied),
        Row(
            name="messages ingested from files, durable",
            per_second=count / seconds,
            limit_name=limit,
            ratio=copied / seconds,
        ),
    ]


def _pages() -> Iterator[Latency]:
    """The list and the search, asked of a real server over HTTP."""
    from django.conf import settings

    from rempart.foundation.events.stream import advance
    from rempart.foundation.terminology import pathogen
    from rempart.site.configuration import configuration
    from rempart.tracing.services import opening

    subscriber = opening.subscriber(pathogen=pathogen(settings.PATHOGEN))
    while advance(subscriber):
        pass
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("ANALYZE")
        (stored,) = connection.execute("SELECT count(*) FROM screening_result").fetchone() or (0,)
        (cases,) = connection.execute("SELECT count(*) FROM tracing_case").fetchone() or (0,)
    known = _person()
    cookie = signed_in(_REGION).cookies[settings.SESSION_COOKIE_NAME]
    port = free_port("127.0.0.1", 8123)
    url = f"http://127.0.0.1:{port}"
    serving.collect_static(configuration())
    os.environ["REMPART_PUBLIC_URL"] = url
    web = serving.web_command(Listening(port=port))
    with serving.processes(web) as running:
        serving.wait_until_ready(Listening(port=port), running, public_url=url)
        with httpx.Client(base_url=url, follow_redirects=True, timeout=30) as client:
            client.cookies.set(cookie.key, cookie.value)
            assert client.get("/suivi/").url.path == "/suivi/"
            over = f"{stored:,} results, {cases:,} cases"
            yield _latency(f"the list of a region ({over})", lambda: client.get("/suivi/"))
            for name, fields in known.items():
                token = client.cookies["csrf"]
                data = {"number": "", "name": "", "birth_date": "", "csrfmiddlewaretoken": token, **fields}
                yield _latency(
                    f"search by {name} ({over})",
                    lambda data=data: client.post("/suivi/recherche/", data=data, headers={"Origin": url}),
                    asked=limits().pace[Use.SEARCH].burst // len(known),  # more in a row are refused
                )


def _person() -> dict[str, dict[str, str]]:
    """What is known of the person of a case of Île-de-France."""
    from django.conf import settings

    from rempart.foundation.access.actor import Purpose, acting, system
    from rempart.foundation.people.identities import read_identity
    from rempart.foundation.vault import keyring_of
    from rempart.tracing.models import Case

    with acting(system(Purpose.OPERATION)):
        for case in Case.objects.filter(department__in=_REGION).order_by("-received_at")[:200]:
            identity = read_identity(case.identity_id, keyring=keyring_of(settings.KEY_STORE))
            if identity and identity.ins and identity.birth_date:
                born = identity.birth_date.strftime("%d/%m/%Y")
                return {
                    "NIR": {"number": identity.ins},
                    "name and birth date": {"name": identity.birth_name, "birth_date": born},
                }
    raise LookupError("no case with a NIR")


def _latency(name: str, ask: Callable[[], httpx.Response], *, asked: int = _ASKED) -> Latency:
    times = []
    for _ in range(asked):
        began = time.perf_counter()
        ask().raise_for_status()
        times.append((time.perf_counter() - began) * 1000)
    return Latency(
        name=name, median_ms=statistics.median(times), p95_ms=statistics.quantiles(times, n=20)[-1]
    )
