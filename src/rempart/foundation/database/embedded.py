"""A PostgreSQL of our own, started with the first command that needs it and stopped with the last.

Every process that uses the server holds a shared lock on one file; the kernel lets go of it however
the process dies. The last one to leave stops the server; when the last one is killed instead, the
watchdog, who sleeps on that lock, does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rempart.foundation.database import locks, passwords, place, server
from rempart.foundation.database.passwords import Role
from rempart.foundation.database.place import Place, Tell
from rempart.foundation.database.tuning import Tuning
from rempart.foundation.database.urls import compose

WATCHDOG = "rempart.foundation.database.watchdog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server: where its socket is, and the passwords of its roles (not shown in its repr)."""

    home: Path
    socket_dir: Path
    port: int
    passwords: Mapping[Role, str] = field(repr=False)

    def url(self, *, user: Role, dbname: str) -> str:
        """A libpq URL, with the password: never to be logged."""
        return compose(
            user=user,
            password=self.passwords[user],
            dbname=dbname,
            host=str(self.socket_dir),
            port=str(self.port),
        )

    @property
    def admin_url(self) -> str:
        """For the superuser, who makes roles and databases and does nothing else."""
        return self.url(user=Role.ADMIN, dbname="postgres")


@contextmanager
def running(
    home: Path, *, tuning: Tuning | None = None, wait: float = 600, tell: Tell = place.to_stderr
) -> Iterator[Cluster]:
    """Start the cluster under `home`, or join the one that runs; stop it when its last user leaves.

    `tuning` (by default what suits this machine) counts for whoever starts the server. `wait` is in
    seconds, for the lock and for a recovery after a crash together; `tell` says what takes long.
    Raises DatabaseError.
    """
    home = home.resolve()
    place.open_home(home)
    member = os.getpid()
    user: int | None = None
    try:
        with locks.exclusive(home / "lock", wait=wait):
            here = place.make(home, tell=tell)
            user = locks.share(here.users)
            _ensure_watchdog(here)
            found = _ensure_server(here, tuning=tuning, deadline=time.monotonic() + wait, tell=tell)
        yield Cluster(
            home=home,
            socket_dir=found.socket_folder,
            port=place.PORT,
            passwords=passwords.read(here.passwords),
        )
    finally:
        if user is not None:
            if os.getpid() == member:
                _leave(here, user, wait=wait)
            else:  # a forked child: its parent, or the watchdog after both, sees to the server
                os.close(user)


def _ensure_server(here: Place, *, tuning: Tuning | None, deadline: float, tell: Tell) -> server.Postmaster:
    server.await_started(here)
    found = server.find(here)
    if found is None:
        tuning = tuning or Tuning.for_this_machine()
        server.initialise(here, durable=tuning.durable)
        return server.start(here, tuning=tuning, deadline=deadline, tell=tell)
    return found if found.ready else server.await_ready(here, deadline=deadline, tell=tell)


def _leave(here: Place, user: int, *, wait: float) -> None:
    try:
        with locks.exclusive(here.lock, wait=wait):
            os.close(user)
            if not locks.shared(here.users):
                server.stop(here)
    except FileNotFoundError:  # the whole folder was deleted meanwhile; the server notices and ends
        return


def _ensure_watchdog(here: Place) -> None:
    """Start the watchdog unless one lives; it is born with its lock, so that there is never a second."""
    lock = locks.open_file(here.watchdog)
    try:
        if not locks.try_exclusive(lock):
            return
        log = os.open(here.home / "watchdog.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # through a shell that ends at once, so that it is nobody's child
            subprocess.run(  # noqa: S603 - our own module; the words are passed, not pasted
                ["/bin/sh", "-c", '"$0" "$@" &', sys.executable, "-m", WATCHDOG, str(here.home), str(lock)],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
            )
        finally:
            os.close(log)
    finally:
        os.close(lock)
