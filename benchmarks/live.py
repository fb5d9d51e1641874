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

import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
from benchmarks import bare, senders
from benchmarks.senders import Drove

from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, free_port
from rempart.site.runtime import platform

NAMES = ("limit", "http", "mllp", "realtime", "overload")
PATH = "/api/v1/deliveries"
_DAYS = 14
_RESULTS_OF_ONE = 0.2  # of an inhabitant in so many days, as the simulator has it
_AT_MOST = 3_000  # messages a second that are prepared
WARM = 60  # messages of each sender before anything is measured
_READY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to measure: seconds of each run, connections, web processes."""

    names: Sequence[str] = NAMES
    seconds: float = 10.0
    connections: int = 32
    workers: int = 1


@dataclass(slots=True, kw_only=True)
class Country:
    """Laboratories and what they have to send: (content type, key, messages) of each."""

    finess: list[str]
    types: list[str]
    keys: list[str]
    messages: list[list[bytes]]
    taken: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [0] * len(self.messages)

    def next(self, rank: int, count: int) -> list[bytes]:
        """Messages that a laboratory has not sent yet."""
        first = self.taken[rank]
        self.taken[rank] += count
        return self.messages[rank][first : first + count]


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
            country = _country(asked, runs=len(set(wanted) - {"limit"}))
        if "http" in wanted:
            yield from _http(asked, configuration, port, country)
        if "mllp" in wanted:
            yield from _mllp(asked, folder, country)
        if "realtime" in wanted:
            from benchmarks import realtime

            yield from realtime.run(asked, configuration, port, country)
        if "overload" in wanted:
            from benchmarks import overload

            yield from overload.run(asked, configuration, port, country)


def _country(asked: Asked, *, runs: int) -> Country:
    """As many laboratories as connections, in one region, in all the formats that travel live; with keys."""
    from rempart.simulators.choices import Sending
    from rempart.simulators.laboratory import Epidemic
    from rempart.site import demo_people

    each = (runs + 1) * (round(asked.seconds * _AT_MOST / asked.connections) + 2 * WARM)
    population = round(1.3 * each * asked.connections / _RESULTS_OF_ONE)
    epidemic = Epidemic(
        seed=1,
        population=population,
        start=datetime.now(UTC).date() - timedelta(days=_DAYS),
        days=_DAYS,
        laboratories=asked.connections,
        departments=("75",),
        sending=Sending.MIXED,
        damaged=0.0,
    )
    keys = demo_people.register(epidemic.laboratories(), valid=timedelta(days=1))
    found: dict[str, list[bytes]] = defaultdict(list)
    seen: set[bytes] = set()
    for day in range(_DAYS):
        for message in epidemic.messages(day):
            if message.payload not in seen:  # what is sent twice is acknowledged twice, and kept once
                seen.add(message.payload)
                found[message.laboratory_finess].append(message.payload)
    formats = {laboratory.finess: laboratory.format for laboratory in epidemic.laboratories()}
    finess = sorted(found)
    print(f"{sum(map(len, found.values())):,} messages of {len(finess)} laboratories", file=sys.stderr)
    return Country(
        finess=finess,
        types=[content_type(formats[one]) for one in finess],
        keys=[keys[one] for one in finess],
        messages=[found[one] for one in finess],
    )


def content_type(format_: Any) -> str:
    """The content type by which a format is announced."""
    from rempart.screening.formats.media import MEDIA_TYPES

    return next(name for name, one in MEDIA_TYPES.items() if one is format_)


def requests(country: Country, rank: int, count: int, host: str) -> list[bytes]:
    """The next messages of a laboratory as requests."""
    headers = [("Authorization", f"Bearer {country.keys[rank]}"), ("Content-Type", country.types[rank])]
    return [senders.http(host, PATH, headers, message) for message in country.next(rank, count)]


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
        load = of_all(country, round(asked.seconds * _AT_MOST / asked.connections), host)
        yield measured("http: one message per request", asked, ("127.0.0.1", port), load, running)


def of_all(country: Country, count: int, host: str) -> list[list[bytes]]:
    """The next messages of every laboratory as requests."""
    return [requests(country, rank, count, host) for rank in range(len(country.finess))]


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


def measured(
    name: str,
    asked: Asked,
    address: tuple[str, int],
    load: Sequence[Sequence[bytes]],
    running: Sequence[subprocess.Popen[bytes]],
    *,
    tls: Sequence[ssl.SSLContext] = (),
) -> str:
    """Drive it, in a process of its own, and say what came of it."""
    before = cpu(*running)
    drove = apart(address, load, seconds=asked.seconds, tls=tls)
    after = cpu(*running)
    count = len(drove.times)
    cost = ", ".join(f"{kind} {1e6 * (after[kind] - before[kind]) / count:.0f}" for kind in after)
    return (
        f"{name:32} {drove.per_second():6,.0f}/s  p50 {drove.latency(50):6.1f} ms  p99 {drove.latency(99):6.1f} ms  "
        f"answers {dict(drove.answers)}  CPU µs each: {cost}, senders {1e6 * drove.cpu / count:.0f}"
    )


def apart(address: tuple[str, int], load: Sequence[Sequence[bytes]], **how: Any) -> Drove:
    """Drive (senders.drive) from a process that shares nothing with this one but the machine."""
    fork = multiprocessing.get_context("fork")  # contexts of TLS do not travel
    receiving, sending = fork.Pipe(duplex=False)

    def work() -> None:
        sending.send(senders.drive(address, load, **how))

    process = fork.Process(target=work, daemon=True)
    process.start()
    drove: Drove = receiving.recv()
    process.join()
    return drove


def cpu(*servers: subprocess.Popen[bytes]) -> dict[str, float]:
    """CPU seconds so far: of servers with their children, and of PostgreSQL."""
    found = {"server": 0.0, "PostgreSQL": 0.0}
    for server in servers:
        first = psutil.Process(server.pid)
        for process in (first, *first.children(recursive=True)):
            found["server"] += _seconds(process)
    cluster = os.environ["REMPART_VAR"]
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"].startswith("postgres") and process.cwd().startswith(cluster):
                found["PostgreSQL"] += _seconds(process)
        except psutil.Error:
            continue
    return found


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


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
