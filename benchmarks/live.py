"""The live ways in, with laboratories that send one message at a time: how many are acknowledged, how fast, at what cost.

    limit      a bare Django view on granian that inserts the message and commits
    http       POST /api/v1/deliveries, one message per request, one laboratory per connection
    mllp       MLLP over mutual TLS, one message in flight per connection
    realtime   from the acknowledgement of a positive to the investigator's list, while others flow in
    overload   ten times as many senders as fit at once, who send again what was refused; then, all is counted

Everything is on this machine: senders (senders.py), server, PostgreSQL (durable). CPU is what the processes were
given, per message, so that a figure means something beside busy neighbours too.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
from benchmarks import bare, senders
from benchmarks.country import AT_MOST, NAMES, WARM, Asked, Country, invent, of_all
from benchmarks.driving import measured

from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, free_port
from rempart.site.runtime import platform

_READY = 60.0


def run(asked: Asked) -> Iterator[str]:
    """Measure what was asked for; a line for each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rempart-live-")))
        folder.chmod(0o755)
        port = free_port("127.0.0.1", 8357)
        os.environ["REMPART_VAR"] = str(folder / "var")
        os.environ["REMPART_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        configuration = stack.enter_context(platform())
        serving.collect_static(configuration)
        wanted = [name for name in NAMES if name in asked.names]
        if "limit" in wanted:
            yield from _limit(asked)
        if set(wanted) - {"limit"}:
            country = invent(asked, runs=len(set(wanted) - {"limit"}))
        if "http" in wanted:
            yield from _http(asked, configuration, port, country)
        if "mllp" in wanted:
            yield from _mllp(asked, folder, country)
        if "realtime" in wanted:
            from benchmarks import realtime  # it needs what platform() sets up

            yield from realtime.run(asked, configuration, port, country)
        if "overload" in wanted:
            from benchmarks import overload

            yield from overload.run(asked, configuration, port, country)


def _limit(asked: Asked) -> Iterator[str]:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE bench_bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)"
        )
        owner.execute("GRANT INSERT ON bench_bare TO PUBLIC")
    port = free_port("127.0.0.1", 8358)
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--blocking-threads", "8", "--no-access-log", "--log-level", "warning", "--no-ws",
        "benchmarks.bare:bare_application",
    ]  # fmt: skip
    os.environ["REMPART_BARE"] = "1"
    with serving.processes(command) as running:
        del os.environ["REMPART_BARE"]
        _wait_for(port)
        request = senders.http(
            f"127.0.0.1:{port}", bare.PATH, [("Content-Type", "application/hl7-v2")], b"x" * 1000
        )
        load = [[request] * 1_000_000 for _ in range(asked.connections)]
        senders.drive(("127.0.0.1", port), load, seconds=1)
        yield measured("limit: a bare Django view", asked, ("127.0.0.1", port), load, running)


def _http(asked: Asked, configuration: Configuration, port: int, country: Country) -> Iterator[str]:
    host = f"127.0.0.1:{port}"
    listening = Listening(port=port)
    with serving.processes(serving.web_command(listening, workers=asked.workers)) as running:
        serving.wait_until_ready(listening, running, public_url=configuration.public_url)
        senders.drive(("127.0.0.1", port), of_all(country, WARM, host), seconds=5)
        load = of_all(country, round(asked.seconds * AT_MOST / asked.connections), host)
        yield measured("http: one message per request", asked, ("127.0.0.1", port), load, running)


def _mllp(asked: Asked, folder: Path, country: Country) -> Iterator[str]:
    """As many laboratories that speak HL7 as connections: those of the country, several connections each."""
    from benchmarks import certificates_of_machines as machines

    speaking = [rank for rank, kind in enumerate(country.types) if kind == "application/hl7-v2"]
    authority = machines.Authority(folder)
    port = free_port("127.0.0.1", 8359)
    os.environ |= {
        "REMPART_MLLP_CERTIFICATE": str(authority.certificate), "REMPART_MLLP_KEY": str(authority.key),
        "REMPART_MLLP_LABORATORIES": str(authority.laboratories), "REMPART_MLLP_PORT": str(port),
    }  # fmt: skip
    contexts = [authority.machine(country.finess[rank]) for rank in speaking]
    with serving.processes(*[serving.mllp_command()] * asked.workers) as running:
        _wait_for(port)
        places = [
            (speaking[n % len(speaking)], contexts[n % len(speaking)]) for n in range(asked.connections)
        ]

        def load(count: int) -> list[list[bytes]]:
            return [[senders.framed(one) for one in country.next(rank, count)] for rank, _ in places]

        tls = [context for _, context in places]
        senders.drive(("127.0.0.1", port), load(20), seconds=5, tls=tls)
        left = min(len(country.messages[rank]) - country.taken[rank] for rank in speaking)
        each = left * len(speaking) // asked.connections - 1
        yield measured("mllp: over mutual TLS", asked, ("127.0.0.1", port), load(each), running, tls=tls)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _READY
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nobody listens on {port}")
