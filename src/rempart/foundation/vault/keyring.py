"""The key store: data keys, index keys and named secrets, each wrapped by a key-encryption key.

A key is one small file, created once and never changed; several processes that ask for the same
missing key at the same moment end up with the same one (the first `link` wins).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_REMEMBERED_SECONDS = 60.0
_KINDS = ("data", "index", "secret", "document")


class Purpose(IntEnum):
    """What sealed data serve; each purpose has its own keys. The number is written in every seal."""

    IDENTITY = 1
    CONTACT = 2
    MESSAGE = 3
    DELIVERY = 4
    EXCHANGE = 5


class KeyDestroyed(LookupError):
    """The key of that purpose and day is no longer there: what it sealed is gone for ever."""


class KeyEncryption(Protocol):
    """Who wraps keys: a local file, a Vault transit engine, an HSM."""

    def wrap(self, key: bytes, *, name: str) -> bytes: ...
    def unwrap(self, wrapped: bytes, *, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A key-encryption key in a file of mode 0600, made at first start."""

    path: Path

    def _cipher(self) -> AESGCM:
        # asked again after looking for keys: another process may be making both at this moment, in that order
        if not self.path.exists() and self._has_wrapped() and not self.path.exists():
            raise PermissionError(
                f"{self.path} is missing, but keys that it wrapped are there: put it back from where it is "
                "kept safe. A new one would open none of them."
            )
        return AESGCM(_read_or_create(self.path, lambda: secrets.token_bytes(KEY_BYTES)))

    def _has_wrapped(self) -> bool:
        return any(True for kind in _KINDS for _ in _files(self.path.parent / kind))

    def wrap(self, key: bytes, *, name: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, key, name.encode())

    def unwrap(self, wrapped: bytes, *, name: str) -> bytes:
        """Raises `PermissionError` when the wrapped key was not made by this key for this name."""
        try:
            return self._cipher().decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as wrong:
            raise PermissionError(f"key {name} cannot be unwrapped by {self.path}") from wrong


class Keyring:
    """Keys by name under one folder. `root/kek` wraps them unless another `KeyEncryption` is given."""

    def __init__(self, root: Path, encryption: KeyEncryption | None = None) -> None:
        self.root = root
        self._folder = f"{root}/"
        self._encryption = encryption or LocalKey(root / "kek")
        self._remembered: dict[str, _Remembered] = {}

    def data_key(self, purpose: Purpose, expires_on: date) -> bytes:
        """The key that seals until `expires_on` (32 bytes), made when missing."""
        return self._key(_data_name(purpose, expires_on), create=True)

    def existing_data_key(self, purpose: Purpose, expires_on: date) -> bytes:
        """The key that sealed; raises `KeyDestroyed` once its day has passed and it was destroyed."""
        return self._key(_data_name(purpose, expires_on), create=False)

    def index_key(self, period: str) -> bytes:
        """The blind-index key of a period such as "2026H2" (32 bytes), made when missing."""
        return self._key(f"index/{period}", create=True)

    def index_periods(self) -> list[str]:
        """The periods whose index key is alive, newest first."""
        return sorted((path.name for path in self._alive("index")), reverse=True)

    def secret(self, name: str) -> bytes:
        """A random secret of 32 bytes that belongs to this deployment, made when missing."""
        return self._key(f"secret/{name}", create=True)

    def store(self, name: str, value: bytes) -> bytes:
        """Keep a document (a private key) under a name; an earlier one wins and is returned."""
        path = self.root / "document" / name
        wrapped = _read_or_create(path, lambda: self._encryption.wrap(value, name=f"document/{name}"))
        return self._encryption.unwrap(wrapped, name=f"document/{name}")

    def load(self, name: str) -> bytes | None:
        """The document kept under a name, or None."""
        try:
            wrapped = (self.root / "document" / name).read_bytes()
        except FileNotFoundError:
            return None
        return self._encryption.unwrap(wrapped, name=f"document/{name}")

    def destroy_expired(self, today: date) -> list[str]:
        """Destroy every data key whose day is before `today`; the names of those destroyed."""
        gone = [path for path in self._alive("data") if date.fromisoformat(path.name) < today]
        for path in gone:
            path.unlink(missing_ok=True)
            self._remembered.pop(str(path.relative_to(self.root)), None)
        return sorted(str(path.relative_to(self.root)) for path in gone)

    def names(self) -> list[str]:
        """The name of every key alive, for the operator; never a value."""
        return sorted(str(path.relative_to(self.root)) for folder in _KINDS for path in self._alive(folder))

    def _alive(self, folder: str) -> Iterator[Path]:
        return _kept(self.root, (folder,))

    def _key(self, name: str, *, create: bool) -> bytes:
        now = time.monotonic()
        file = _identity(self._folder + name)
        remembered = self._remembered.get(name)
        if remembered and now - remembered.at < _REMEMBERED_SECONDS and remembered.file == file:
            return remembered.key
        path = self.root / name
        if create:
            wrapped = _read_or_create(
                path, lambda: self._encryption.wrap(secrets.token_bytes(KEY_BYTES), name=name)
            )
        else:
            try:
                wrapped = path.read_bytes()
            except FileNotFoundError:
                self._remembered.pop(name, None)
                raise KeyDestroyed(name) from None
        key = self._encryption.unwrap(wrapped, name=name)
        self._remembered[name] = _Remembered(at=now, file=file or _identity(str(path)), key=key)
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    at: float
    file: _FileIdentity | None
    key: bytes


_FileIdentity = tuple[int, int, int]


def _identity(path: str) -> _FileIdentity | None:
    """What changes when a file is destroyed or written again (inode and both its times); None: not there.

    Asked at each use of a remembered key, so that a key which another process destroyed is gone here too.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 -- half the time of Path.stat, for every seal that is opened
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _kept(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    """The files of keys under these folders; a draft begins with a dot."""
    return (
        path
        for folder in folders
        for path in (root / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


def _data_name(purpose: Purpose, expires_on: date) -> str:
    return f"data/{purpose.name.lower()}/{expires_on.isoformat()}"


def _files(folder: Path) -> Iterator[Path]:
    """The finished files under a folder; drafts begin with a dot."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each closed to everybody else."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _read_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes of a file, created whole (mode 0600, synced) or not at all."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    _make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return path.read_bytes()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
