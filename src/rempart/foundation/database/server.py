"""The server process of one cluster: made, started, found, waited for, stopped.

Everything here is called under the cluster's lock (`Place.lock`). Whether a server runs is asked of
the process table, never believed from postmaster.pid alone: its number may have been given to
another program since.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from rempart.foundation.database import binaries, passwords, place
from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.place import Place, Tell
from rempart.foundation.database.tuning import Tuning

PAUSE = 0.02  # seconds between two looks
PATIENCE = 3.0  # seconds after which the operator is told what we wait for
LATE = 5.0  # seconds, at most, for a server just launched to write its pid
STOP_WITHIN = 600  # seconds for the last checkpoint
OURS = "rempart.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """A server that runs; `ready` once it accepts connections (it may be recovering before)."""

    pid: int
    socket_folder: Path
    ready: bool


def find(here: Place) -> Postmaster | None:
    """The live server of this data folder, or None."""
    try:
        lines = (here.data / "postmaster.pid").read_bytes().split(b"\n")
        pid = int(lines[0])
    except (OSError, ValueError):
        return None
    if not _serves(pid, here.data):
        return None
    # line 5 is the socket's folder, line 8 the state; they are written while the server starts
    folder = Path(os.fsdecode(lines[4])) if len(lines) > 4 else here.run
    return Postmaster(pid=pid, socket_folder=folder, ready=len(lines) > 7 and lines[7].strip() == b"ready")


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is a postgres that works in this data folder (each of them does so)."""
    try:
        process = psutil.Process(pid)
        return (
            process.status() != psutil.STATUS_ZOMBIE
            and process.name().startswith("postgres")
            and data.samefile(process.cwd())
        )
    except (psutil.Error, OSError, ValueError):
        return False


def initialise(here: Place, *, durable: bool) -> None:
    """Make the data folder, whole or not at all; refuse one of another major version."""
    version = here.data / "PG_VERSION"
    if version.exists():
        found = version.read_text("ascii").strip()
        if found != str(binaries.MAJOR):
            raise DatabaseError(
                f"{here.data} holds data of PostgreSQL {found}; this version of Rempart brings PostgreSQL "
                f"{binaries.MAJOR}, which cannot open it. Dump it with the version that made it and restore it here, "
                "or name another folder in REMPART_VAR."
            )
        return
    for left in here.server.glob("data.half-*"):
        shutil.rmtree(left)
    if not here.passwords.exists():
        passwords.make(here.passwords)
    half = here.server / f"data.half-{os.getpid()}"
    secret = here.server / "password.half"
    secret.touch(mode=0o600)
    here.give(secret, 0o600)
    secret.write_text(passwords.read(here.passwords)[passwords.Role.ADMIN], "ascii")
    try:
        initdb = binaries.spawn(
            here.account,
            "initdb",
            *("-D", half.name, "-U", passwords.Role.ADMIN, "--pwfile", secret.name, "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--data-checksums", "--no-instructions"),
            *(() if durable else ("--no-sync",)),
            folder=here.server,
        )
        said, _ = initdb.communicate()
    finally:
        secret.unlink()
    if initdb.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise DatabaseError(f"initdb could not make {here.data}: {_text(said)}")
    with (half / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude '{OURS}'  # written by Rempart at each start\n")
    half.rename(here.data)


def start(here: Place, *, tuning: Tuning, deadline: float, tell: Tell) -> Postmaster:
    """Start the server and wait until it accepts connections, however long its recovery (until `deadline`)."""
    _clear_what_a_crash_left(here, deadline=deadline, tell=tell)
    folder = place.socket_folder(here)
    _configure(here, tuning, folder)
    if here.log.exists():
        here.log.replace(here.log.with_name("log.before"))
    here.starting.touch()  # should we die here, the watchdog waits for the server to appear
    seconds = max(1, int(deadline - time.monotonic())) + 5  # ours, which explains more, comes first
    launcher = binaries.spawn(
        here.account,
        "pg_ctl",
        *("start", "-D", "data", "-l", "log", "-w", "-t", str(seconds)),
        folder=here.server,
    )
    try:
        found = await_ready(here, deadline=deadline, tell=tell, launcher=launcher)
    finally:
        if launcher.poll() is None:
            launcher.kill()  # it only waits, as we did; the server lives in a session of its own
        launcher.communicate()
    here.starting.unlink()
    return found


def await_ready(
    here: Place, *, deadline: float, tell: Tell, launcher: subprocess.Popen[bytes] | None = None
) -> Postmaster:
    """Wait for a server that was started, by us (`launcher` is its pg_ctl) or by somebody who has died since."""
    patience = time.monotonic() + PATIENCE
    while True:
        failed = launcher is not None and launcher.poll() not in (None, 0)
        found = find(here)
        if found is not None and found.ready:
            return found
        if failed or (launcher is None and found is None):
            here.starting.unlink(missing_ok=True)
            raise DatabaseError(f"PostgreSQL did not start. The end of {here.log}:\n{_end_of_log(here)}")
        if time.monotonic() > deadline:
            raise DatabaseError(
                f"PostgreSQL was still recovering when the time to wait was over. It goes on where it was at the next "
                f"start. The end of {here.log}:\n{_end_of_log(here)}"
            )
        if time.monotonic() > patience:
            patience = float("inf")
            tell("the database is starting; after a crash it recovers first, which may take minutes")
        time.sleep(PAUSE)


def stop(here: Place) -> None:
    """Stop the server, if one runs: sessions are cut, what was acknowledged is kept."""
    found = find(here)
    if found is None:
        return
    stopper = binaries.spawn(
        here.account,
        "pg_ctl",
        *("stop", "-D", "data", "-m", "fast", "-w", "-t", str(STOP_WITHIN)),
        folder=here.server,
    )
    said, _ = stopper.communicate()
    if find(here) is not None:
        raise DatabaseError(f"The server {found.pid} of {here.data} could not be stopped: {_text(said)}")
    place.forget_socket_folder(here, found.socket_folder)


def await_started(here: Place) -> None:
    """Wait until a server whose starter died has written its pid, so that it can be found, or has failed."""
    if not here.starting.exists():
        return
    deadline = time.monotonic() + LATE
    while find(here) is None and _launching(here) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    here.starting.unlink(missing_ok=True)


def _launching(here: Place) -> bool:
    """Whether a pg_ctl, or the postgres it becomes, is on its way: they begin in the server's folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError, ValueError):
            if Path(process.cwd()) in (here.server, here.data):
                return True
    return False


def _configure(here: Place, tuning: Tuning, folder: Path) -> None:
    listed = str(folder).replace('"', '""')
    settings = {**tuning.settings(), "port": str(place.PORT), "unix_socket_directories": f'"{listed}"'}
    lines = []
    for name, value in settings.items():
        quoted = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
        lines.append(f"{name} = '{quoted}'\n")
    path = here.data / OURS
    path.write_text("".join(lines), "utf-8", "surrogateescape")
    here.give(path, 0o600)


def _clear_what_a_crash_left(here: Place, *, deadline: float, tell: Tell) -> None:
    """See to it that nothing of a dead postmaster works on the data any more, and forget stale pids.

    Its children end by themselves when they next look up; one in a long computation may not, and
    PostgreSQL rightly refuses to start beside it. A pid that nobody bears is left to PostgreSQL, which
    makes its own checks.
    """
    stale = [here.data / "postmaster.pid", here.run / f".s.PGSQL.{place.PORT}.lock"]
    if not any(lock.exists() for lock in stale):
        return
    patience = time.monotonic() + PATIENCE
    while remains := list(_remains(here)):
        if time.monotonic() > deadline:
            raise DatabaseError(
                f"Processes {', '.join(str(process.pid) for process in remains)} of a dead server still work on "
                f"{here.data} and cannot be ended. End them, then start again."
            )
        if time.monotonic() > patience:
            patience = float("inf")
            tell("ending what a dead database server left running")
            for process in remains:
                process.kill()
        time.sleep(PAUSE)
    for lock in stale:
        with suppress(OSError, ValueError):
            if psutil.pid_exists(int(lock.read_bytes().split(b"\n")[0])):
                lock.unlink()  # nobody works here: whoever bears this number now is somebody else, or dead


def _remains(here: Place) -> Iterator[psutil.Process]:
    return (process for process in psutil.process_iter() if _serves(process.pid, here.data))


def _end_of_log(here: Place) -> str:
    try:
        return _text(here.log.read_bytes()[-2000:])
    except OSError:
        return "(there is no log)"


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip()
