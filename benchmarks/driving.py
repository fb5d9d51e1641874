"""Driving a server from a process of its own, and what that cost."""

from __future__ import annotations

import multiprocessing
import os
import ssl
import subprocess
from collections.abc import Sequence
from typing import Any

import psutil
from benchmarks import senders
from benchmarks.country import Asked
from benchmarks.senders import Drove


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
