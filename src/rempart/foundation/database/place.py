"""Where everything of one cluster lies.

HOME/lock            held alone while the server is started or stopped
HOME/users           held, shared, by every process that uses the server
HOME/watchdog        held by the watchdog
HOME/starting        exists while a server is being started
HOME/passwords.json  of the three roles, mode 0600
HOME/server/         the server's own: data, log, run (its socket); belongs to the account that runs it
HOME/elsewhere       the path of the server's folder, when that account cannot reach HOME
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rempart.foundation.database import binaries
from rempart.foundation.database.binaries import Account
from rempart.foundation.database.errors import DatabaseError

PORT = 5432
LONGEST_SOCKET = 103
"""Bytes that a socket's path may have on every system (Linux: 107, macOS: 103)."""

Tell = Callable[[str], None]


def to_stderr(text: str) -> None:
    """Tell the operator what takes its time."""
    sys.stderr.write(f"rempart: {text}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files of a cluster; `account` runs its server (None: we do)."""

    home: Path
    server: Path
    account: Account | None

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def users(self) -> Path:
        return self.home / "users"

    @property
    def watchdog(self) -> Path:
        return self.home / "watchdog"

    @property
    def starting(self) -> Path:
        return self.home / "starting"

    @property
    def passwords(self) -> Path:
        return self.home / "passwords.json"

    @property
    def data(self) -> Path:
        return self.server / "data"

    @property
    def log(self) -> Path:
        return self.server / "log"

    @property
    def run(self) -> Path:
        return self.server / "run"

    def give(self, path: Path, mode: int) -> None:
        """Hand a file or folder over to the account that runs the server."""
        path.chmod(mode)
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def folder(self, path: Path) -> None:
        """Make a folder that only the server's account may enter."""
        path.mkdir(parents=True, exist_ok=True)
        self.give(path, 0o700)


def at(home: Path) -> Place:
    """The place at `home` (absolute), as it was made, or as it would be."""
    record = home / "elsewhere"
    server = Path(os.fsdecode(record.read_bytes())) if record.exists() else home / "server"
    if not server.is_dir():
        return Place(home=home, server=server, account=binaries.account_for(home))
    owner = server.stat()
    if os.geteuid() == 0:
        if owner.st_uid == 0:  # made, and not given yet
            return Place(home=home, server=server, account=binaries.account_for(home))
        return Place(home=home, server=server, account=Account(uid=owner.st_uid, gid=owner.st_gid))
    if owner.st_uid != os.geteuid():
        raise DatabaseError(
            f"{server} belongs to user {owner.st_uid}, and we are {os.geteuid()}: the database there was made by "
            "another user or by root. Run as that user, or name another folder in REMPART_VAR."
        )
    return Place(home=home, server=server, account=None)


def open_home(home: Path) -> None:
    """Make the folder itself, closed to others; the account of a server run by root may pass through."""
    if home.is_dir():
        return
    try:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise DatabaseError(
            f"The folder of the database, {home}, cannot be made: {error.strerror}. Name another in REMPART_VAR."
        ) from error


def make(home: Path, *, tell: Tell) -> Place:
    """Make the server's folders, under the lock of `home`; elsewhere when its account cannot reach them."""
    place = at(home)
    if place.account is not None and place.server == home / "server" and not place.account.reaches(home):
        if place.server.is_dir():
            raise DatabaseError(
                f"User {place.account.uid}, who runs the database, can no longer reach {place.server}: a folder above "
                "is closed to others. Open it (chmod o+x), or move the whole folder where it is open."
            )
        place = _elsewhere(place, tell=tell)
    place.folder(place.server)
    place.folder(place.run)
    return place


def _elsewhere(place: Place, *, tell: Tell) -> Place:
    binaries.SYSTEM.mkdir(mode=0o711, parents=True, exist_ok=True)
    server = Path(tempfile.mkdtemp(prefix="postgres-", dir=binaries.SYSTEM))
    half = place.home / "elsewhere.new"
    half.write_bytes(os.fsencode(server))
    half.replace(place.home / "elsewhere")
    tell(
        f"PostgreSQL does not run as root, and its account cannot reach {place.home}: the data is kept in {server}. "
        f"If you delete {place.home}, delete that folder too."
    )
    return Place(home=place.home, server=server, account=place.account)


def socket_folder(place: Place) -> Path:
    """The folder for the server's socket: its own, or a short private one when that path is too long.

    A comma would make libpq see several hosts.
    """
    if _fits(place.run):
        return place.run
    short = Path(tempfile.mkdtemp(prefix="rempart-"))
    if not _fits(short) or (place.account is not None and not place.account.reaches(short.parent)):
        short.rmdir()
        raise DatabaseError(
            f"A socket's path may have {LONGEST_SOCKET} bytes; {place.run} is too long (or has a comma), and so is "
            f"{short.parent}, or user {place.account.uid if place.account else os.geteuid()} cannot reach it. "
            "Set TMPDIR to a short folder open to all, such as /tmp."
        )
    place.give(short, 0o700)
    return short


def forget_socket_folder(place: Place, folder: Path) -> None:
    """Remove a short folder made for one run of the server."""
    if folder != place.run and folder.name.startswith("rempart-"):
        shutil.rmtree(folder, ignore_errors=True)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET and b"," not in os.fsencode(folder)
