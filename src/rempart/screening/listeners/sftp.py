"""SFTP: a laboratory's system puts files into its inbox from afar, and reads what became of them.

The user name is the laboratory's FINESS number, the proof one of its registered keys; there are no passwords, no shell,
no forwarding. A laboratory sees its own three folders and nothing else: it writes into inbox/, reads and removes in done/
and refused/. What it uploads is hidden under an unfinished name until it closes the file; a connection that breaks leaves
an unfinished file, which the drop folder never takes.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import asyncssh
from asyncssh.stream import SSHServerStreamSession
from django.db import DatabaseError, close_old_connections

from rempart.foundation.access.models import machine_by_certificate
from rempart.foundation.access.origin import network
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.identifiers import finess
from rempart.screening.listeners.boxes import UNFINISHED, Box, free
from rempart.screening.listeners.folder import MOST_BYTES

MOST_WAITING = 10_000
"""Files in one inbox; beyond, the sender waits."""

MOST_WAITING_BYTES = 2_000_000_000
"""Bytes of them, those being written included; beyond, likewise."""

_AT_ONCE = 8  # files that one session writes at once
_LOGIN_SECONDS = 20
_KEEPALIVE_SECONDS = 60
_log = logging.getLogger(__name__)

IsKnown = Callable[[str, str], bool]
"""(FINESS number, SHA-256 of an SSH public key in hexadecimal) -> whether it is that laboratory's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the server listens and with which key it proves itself; how many connections it takes."""

    host: str
    port: int
    host_key: Path
    root: Path
    most_connections: int = 500
    most_for_one: int = 10
    most_strangers: int = 20  # connections of one network that have not proved who they are
    look_every: float = 5.0  # seconds between two looks at whether a key still holds


async def serve(door: Door, *, stop: asyncio.Event, ready: Callable[[int], None], is_known: IsKnown) -> None:
    """Serve until told to stop; `ready` is told the port. Uploads under way are cut and stay unfinished."""
    open_now: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    guards: set[_Guard] = set()
    server = await asyncssh.listen(
        door.host,
        door.port,
        server_host_keys=[str(door.host_key)],
        server_factory=lambda: _Guard(door, open_now, strangers, guards, is_known),
        allow_scp=False,
        agent_forwarding=False,
        x11_forwarding=False,
        line_editor=False,
        login_timeout=_LOGIN_SECONDS,
        keepalive_interval=_KEEPALIVE_SECONDS,
        encoding=None,
    )
    looking = asyncio.create_task(_look(door, guards))
    try:
        ready(server.get_port())
        await stop.wait()
    finally:
        looking.cancel()
        server.close()
        await server.wait_closed()


async def _look(door: Door, guards: set[_Guard]) -> None:
    """End, again and again, the connections whose key no longer holds."""
    while True:
        await asyncio.sleep(door.look_every)
        for guard in list(guards):
            await guard.look()


def known(laboratory: str, fingerprint: str) -> bool:
    """Whether a registered key that holds now is this laboratory's; asks the database."""
    try:
        found = machine_by_certificate(fingerprint, now=datetime.now(UTC))
    except NotAllowed:
        return False
    finally:
        close_old_connections()
    return found.laboratory == laboratory


def make_host_key(path: Path) -> None:
    """Make the server's own key, once; laboratories pin it."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519", comment="rempart")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())


def fingerprint_of(key: asyncssh.SSHKey) -> str:
    """SHA-256 of a public key, as it is registered."""
    return hashlib.sha256(key.public_data).hexdigest()


class _Guard(asyncssh.SSHServer):
    """Who comes in, and stays for as long as his key holds."""

    def __init__(
        self,
        door: Door,
        open_now: Counter[str],
        strangers: Counter[str],
        guards: set[_Guard],
        is_known: IsKnown,
    ) -> None:
        self._door, self._open, self._strangers, self._guards = door, open_now, strangers, guards
        self._is_known = is_known
        self._connection: asyncssh.SSHServerConnection | None = None
        self._laboratory = self._stranger = self._key = ""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        peer = conn.get_extra_info("peername")
        self._stranger = network(str(peer[0]) if peer else "")
        self._open[""] += 1
        self._strangers[self._stranger] += 1
        if (
            self._open[""] > self._door.most_connections
            or self._strangers[self._stranger] > self._door.most_strangers
        ):
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open[""] -= 1
        self._guards.discard(self)
        if self._laboratory:
            self._leave(self._open, self._laboratory)
        else:
            self._leave(self._strangers, self._stranger)

    async def look(self) -> None:
        """End the connection when its key no longer holds; a database that is away changes nothing."""
        try:
            holds = await asyncio.to_thread(self._is_known, self._laboratory, self._key)
        except DatabaseError:
            return
        if not holds and self._connection is not None:
            _log.warning("an SFTP connection of %s was ended: its key no longer holds", self._laboratory)
            self._connection.abort()

    @staticmethod
    def _leave(counted: Counter[str], one: str) -> None:
        counted[one] -= 1
        if counted[one] <= 0:
            del counted[one]

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        if not finess.is_valid(username) or finess.normalise(username) != username:
            return False
        self._key = fingerprint_of(key)
        return await asyncio.to_thread(self._is_known, username, self._key)

    def auth_completed(self) -> None:
        assert self._connection is not None  # noqa: S101 -- a connection is made before anybody proves himself
        self._laboratory = self._connection.get_extra_info("username")
        self._leave(self._strangers, self._stranger)
        self._guards.add(self)
        self._open[self._laboratory] += 1
        if self._open[self._laboratory] > self._door.most_for_one:
            self._connection.abort()

    def session_requested(self) -> SSHServerStreamSession[bytes]:
        box = Box(root=self._door.root, laboratory=self._laboratory)
        box.make()
        session = _Session(None, lambda channel: _Counter(channel, box, session), sftp_version=3)
        return session


class _Session(SSHServerStreamSession[bytes]):
    """One session; it knows when the other side has nothing more to say."""

    ended = False

    def eof_received(self) -> bool:
        self.ended = True
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        super().connection_lost(exc)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    """A file being written under a hidden name, and the name it will have."""

    file: IO[bytes]
    draft: Path
    final: Path


class _Counter(asyncssh.SFTPServer):
    """The counter at which one laboratory hands in its files. asyncssh calls these methods; paths are bytes."""

    def __init__(self, channel: Any, box: Box, session: _Session) -> None:
        super().__init__(channel, chroot=os.fsencode(box.home))
        self._box, self._session = box, session
        self._writing = 0

    # Files

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if not pflags & asyncssh.FXF_WRITE:
            return os.fdopen(
                os.open(self._own(path, read=True), os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0
            )
        if pflags & (asyncssh.FXF_READ | asyncssh.FXF_APPEND):
            raise asyncssh.SFTPOpUnsupported("a file is written once, from its beginning")
        final = self._own(path)
        if self._writing >= _AT_ONCE:
            raise asyncssh.SFTPFailure("so many files at once and no more: close one")
        sizes = [_size(entry) for entry in os.scandir(self._box.inbox)]
        if len(sizes) >= MOST_WAITING or sum(sizes) >= MOST_WAITING_BYTES:
            raise asyncssh.SFTPFailure("the inbox is full: wait until it is read")
        draft = self._box.inbox / f".{secrets.token_hex(16)}{UNFINISHED[0]}"
        file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        self._writing += 1
        return _Upload(file=file, draft=draft, final=final)

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        raise asyncssh.SFTPOpUnsupported("SFTP version 3 is spoken here")

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if not isinstance(file_obj, _Upload):
            raise asyncssh.SFTPPermissionDenied("this file was opened for reading")
        if offset + len(data) > MOST_BYTES:
            raise asyncssh.SFTPFailure(f"a file has at most {MOST_BYTES} bytes: cut it")
        return os.pwrite(file_obj.file.fileno(), data, offset)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if isinstance(file_obj, _Upload):
            raise asyncssh.SFTPPermissionDenied("this file was opened for writing")
        return super().read(file_obj, offset, size)  # type: ignore[return-value]

    def close(self, file_obj: object) -> None:
        """Show what was uploaded under its own name; not when the connection ended and left it open."""
        if not isinstance(file_obj, _Upload):
            super().close(file_obj)
            return
        self._writing -= 1
        with file_obj.file as file:
            os.fsync(file.fileno())
        if not self._session.ended:
            file_obj.draft.rename(_beside(file_obj.final))

    def fstat(self, file_obj: object) -> Any:
        return os.fstat((file_obj.file if isinstance(file_obj, _Upload) else file_obj).fileno())  # type: ignore[attr-defined]

    def fsync(self, file_obj: object) -> None:
        os.fsync((file_obj.file if isinstance(file_obj, _Upload) else file_obj).fileno())  # type: ignore[attr-defined]

    # Names

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Within the inbox: senders write under an unfinished name and rename."""
        self._own(oldpath).rename(_beside(self._own(newpath)))

    posix_rename = rename

    def remove(self, path: bytes) -> None:
        self._own(path, read=True).unlink()

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Times and rights are ours; senders set them out of habit."""

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Likewise."""

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        raise asyncssh.SFTPPermissionDenied("the folders are inbox, done and refused")

    def rmdir(self, path: bytes) -> None:
        raise asyncssh.SFTPPermissionDenied("the folders stay")

    def readlink(self, path: bytes) -> bytes:
        raise asyncssh.SFTPOpUnsupported("there are no links here")

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("there are no links here")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        raise asyncssh.SFTPOpUnsupported("there are no links here")

    def _own(self, path: bytes, *, read: bool = False) -> Path:
        """The file that a path means, in the inbox; with `read` in done/ and refused/ too. Raises
        SFTPPermissionDenied for any other place, SFTPNoSuchFile for what is no plain file."""
        meant = Path(os.fsdecode(self.map_path(path)))
        allowed = (self._box.inbox, self._box.done, self._box.refused) if read else (self._box.inbox,)
        if meant.parent not in allowed or meant.name.startswith("."):
            raise asyncssh.SFTPPermissionDenied("write into inbox/; read in done/ and refused/")
        if meant.is_symlink() or (meant.exists() and not stat.S_ISREG(meant.lstat().st_mode)):
            raise asyncssh.SFTPNoSuchFile("no such file")
        return meant


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # taken meanwhile
        return 0


def _beside(meant: Path) -> Path:
    """The path, or one with a number: a file that waits under this name already is not lost."""
    return meant.with_name(free(meant.parent, meant.name))
