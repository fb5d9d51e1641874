"""The web server and the worker, as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rempart.site import lifeline
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening
from rempart.site.refusals import CannotRun, NotServing

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_WAITING = (
    "2048"  # requests of one web process at once, open live lists among them; doors bound their own before
)


def refuse_demo_elsewhere(configuration: Configuration) -> None:
    """Raise CannotRun for a demo over a database that is not the demo's own."""
    if configuration.demo and configuration.database_url:
        raise CannotRun(
            "DATABASE_URL is set, and the demo invents people, makes accounts and shows every message to everybody: "
            "it works on a database of its own only. Unset DATABASE_URL, or REMPART_DEMO."
        )


def collect_static(configuration: Configuration) -> None:
    """Put the static files where the server finds them."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def web_command(listening: Listening, *, workers: int = 1) -> list[str]:
    """How the web server is started: granian over ASGI, no access log, headers small and soon there."""
    return [
        sys.executable, "-m", "granian", "--interface", "asginl", *listening.arguments(),
        "--workers", str(workers), "--no-access-log", "--log-level", "warning",
        "--backlog", _WAITING, "--backpressure", _WAITING,
        "--no-ws", "--http1-header-read-timeout", "15000", "--http1-buffer-size", "65536",
        "--http2-max-headers-size", "65536",
        "rempart.site.asgi:application",
    ]  # fmt: skip


def worker_command() -> list[str]:
    """How the worker is started."""
    return [sys.executable, "-m", "rempart.site.cli", "worker"]


def mllp_command() -> list[str]:
    """How the listener of MLLP is started; REMPART_MLLP_… say where, and with which files."""
    return [sys.executable, "-m", "rempart.site.cli", "listen", "mllp"]


@contextmanager
def processes(*commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that live as long as the block; the environment names their database.

    They are in sessions of their own, so that Ctrl-C reaches us first and they stop in order; a lifeline
    ends them when we are gone without having stopped them.
    """
    started: list[subprocess.Popen[bytes]] = []
    theirs, ours = os.pipe()
    try:
        started.extend(_start(command, theirs) for command in commands)
        yield started
    finally:
        for process in reversed(started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in reversed(started):
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        os.close(theirs)
        os.close(ours)


def wait_until_ready(
    listening: Listening, running: list[subprocess.Popen[bytes]], *, public_url: str
) -> None:
    """Return when the server answers. Raises NotServing when one of `running` ended, or after a minute."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        check_alive(running)
        if listening.answers(public_url=public_url):
            return
        time.sleep(0.1)
    raise NotServing(f"{listening.url} does not answer, or REMPART_HOSTS lacks the host of {public_url}")


def check_alive(running: list[subprocess.Popen[bytes]]) -> None:
    """Raise NotServing when one of the processes has ended."""
    for process in running:
        if process.poll() is not None:
            raise NotServing(f"{' '.join(map(str, process.args[2:4]))} ended with {process.returncode}")  # type: ignore[index]


def watch(running: list[subprocess.Popen[bytes]]) -> None:
    """Wait until Ctrl-C or SIGTERM; raise NotServing as soon as a process ends by itself."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.5):
        check_alive(running)


def _start(command: list[str], lifeline_end: int) -> subprocess.Popen[bytes]:
    """A process of the application: it is not told how to become the owner of the database."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    environment[lifeline.VARIABLE] = str(lifeline_end)
    return subprocess.Popen(  # noqa: S603 -- our own commands
        command, env=environment, start_new_session=True, pass_fds=(lifeline_end,)
    )
