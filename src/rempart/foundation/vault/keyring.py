"""The key store: data keys, index keys and named secrets, each wrapped by a key-encryption key.

A key is one small file, created once (several processes that ask for the same missing key at the same
moment end up with the same one: the first `link` wins) and replaced only by the same key wrapped anew.
Whoever makes keys holds the store together with others, whoever replaces or destroys holds it alone:
what was destroyed is never written again, and no version goes while a key is being wrapped by it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path

from rempart.foundation.vault import files, periods
from rempart.foundation.vault.local import LocalKey
from rempart.foundation.vault.provider import (
    KeyDestroyed,
    KeyEncryption,
    KeyProviderError,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    Wrapped,
)
from rempart.foundation.vault.status import KeyFile, KeyStatus, key_status

KEY_BYTES = 32
_KINDS = ("data", "index", "secret", "document")
_REMEMBERED_SECONDS = 60.0
_ASKED_AGAIN_SECONDS = 5.0
"""While the provider does not answer: how long between two attempts for one key."""
_LONGEST_SECONDS = 15 * 60.0
"""How long a remembered key goes on serving while the provider does not answer."""

_log = logging.getLogger(__name__)


class Purpose(IntEnum):
    """What sealed data serve; each purpose has its own keys. The number is written in every seal."""

    IDENTITY = 1
    CONTACT = 2
    MESSAGE = 3
    DELIVERY = 4
    EXCHANGE = 5
    REQUEST = 6
    SAMPLING = 7
    DOCUMENT = 8


class StillNeeded(ValueError):
    """What was to be destroyed is in use; the message says by what."""


class Keyring:
    """Keys by name under one folder. `root/kek` wraps them unless another `KeyEncryption` is given.

    `others`: providers that wrapped keys of this store before, and can still unwrap them.
    """

    def __init__(
        self, root: Path, encryption: KeyEncryption | None = None, *, others: Iterable[KeyEncryption] = ()
    ) -> None:
        self.root = root
        self._folder = f"{root}/"
        self._encryption: KeyEncryption = encryption or LocalKey(root / "kek")
        self._encryptions = {one.provider: one for one in (*others, self._encryption)}
        self._remembered: dict[str, _Remembered] = {}

    # keys

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
        return sorted((path.name for path in self._alive("index")), key=periods.order, reverse=True)

    def index_period(self, today: date) -> str:
        """The period under whose key to index what arrives today: its newest key, were it replaced."""
        period = periods.period_of(today)
        return next((name for name in self.index_periods() if name.startswith(period)), period)

    def existing_index_key(self, period: str) -> bytes:
        """The blind-index key of a period that was listed; raises `KeyDestroyed` when it just went."""
        return self._key(f"index/{period}", create=False)

    def index_made_at(self, period: str) -> datetime:
        """When the key of a period was made. Raises `KeyDestroyed`."""
        try:
            made = (self.root / "index" / period).stat().st_mtime
        except FileNotFoundError:
            raise KeyDestroyed(f"index/{period}") from None
        return datetime.fromtimestamp(made, UTC)

    def renew_index(self, today: date) -> str:
        """Make a key that replaces the one of today's period at once; the name of the new one."""
        current = self.index_period(today)
        self.index_key(current)
        renewed = periods.following(current)
        self.index_key(renewed)
        return renewed

    def secret(self, name: str) -> bytes:
        """A random secret of 32 bytes that belongs to this deployment, made when missing."""
        return self._key(f"secret/{name}", create=True)

    def store(self, name: str, value: bytes) -> bytes:
        """Keep a document (a private key) under a name; an earlier one wins and is returned."""
        name = f"document/{name}"
        return self._unwrap(name, self._create(name, lambda: value))

    def load(self, name: str) -> bytes | None:
        """The document kept under a name, or None."""
        name = f"document/{name}"
        try:
            return self._unwrap(name, (self.root / name).read_bytes())
        except FileNotFoundError:
            return None

    # forgetting

    def discard(self, names: Iterable[str]) -> list[str]:
        """Destroy documents, private keys that nobody may use any more; the names of those that were there."""
        return self._destroy(path for name in names if (path := self.root / f"document/{name}").is_file())

    def destroy_expired(self, today: date) -> list[str]:
        """Destroy every data key whose day is before `today`; the names of those destroyed."""
        return self._destroy(path for path in self._alive("data") if _day(path) < today)

    def destroy_data_keys(self, purpose: Purpose, days: Iterable[date]) -> list[str]:
        """Destroy the keys of these days, though they are to come: nothing is sealed under them any more."""
        return self._destroy(self.root / _data_name(purpose, day) for day in days)

    def destroy_index_periods(self, *, before: date) -> list[str]:
        """Destroy the index keys of every period that ended before this day; their names.

        What was indexed under them is found no more. With `before` = today less the longest retention,
        nothing that may still be read was.
        """
        return self._destroy(path for path in self._alive("index") if periods.last_day(path.name) < before)

    def destroy_index_key(self, period: str) -> list[str]:
        """Destroy the key of one period that another has replaced, once everything was indexed again; its name.

        Raises StillNeeded for a key that indexes what arrives, or would.
        """
        newer = [name for name in self.index_periods() if periods.order(name) > periods.order(period)]
        if not newer:
            raise StillNeeded(f"index key {period} is the newest: what arrives is indexed under it")
        return self._destroy(path for path in self._alive("index") if path.name == period)

    # the key-encryption key

    def rotate(self) -> str:
        """Make a new version of the key-encryption key, which wraps new keys from now on: "file:2".

        Raises ProviderRefused when a version in use is missing: a new one might take its number.
        """
        own = self._encryption
        with files.held_alone(self.root):
            there = own.versions()
            lost = {
                wrapped.by
                for _, wrapped in self._wrapped()
                if wrapped.provider is own.provider and wrapped.version not in there
            }
            if lost:
                raise ProviderRefused(
                    f"{', '.join(sorted(lost))} is missing, but keys that it wrapped are there: bring it back "
                    "before making another version"
                )
            return f"{own.provider}:{own.rotate()}"

    def pending(self) -> list[str]:
        """The keys that another version or provider wrapped than the one that wraps new keys."""
        newest = self._newest()
        return [name for name, wrapped in self._wrapped() if wrapped.by != newest]

    def rewrap(self) -> int:
        """Wrap every pending key by the newest version; how many. May be killed and run again at any time."""
        moved = 0
        while pending := self.pending():
            done = sum(map(self.rewrap_key, pending))
            moved += done
            if not done and set(pending) <= set(self.pending()):
                raise ProviderRefused(f"{len(pending)} keys change under our hands: {pending[0]}, …")
        return moved

    def rewrap_key(self, name: str) -> bool:
        """Wrap one key by the newest version, in one step; False when it was, is gone, or just changed."""
        path = self.root / name
        before = files.identity(str(path))
        try:
            wrapped = Wrapped.parse(path.read_bytes(), name=name)
        except FileNotFoundError:
            return False
        if wrapped.by == self._newest():
            return False
        key = self._provider(wrapped, name).unwrap(wrapped, name=name)
        if wrapped.provider is self._encryption.provider:
            renewed = self._encryption.rewrap(wrapped, name=name)
        else:
            renewed = self._encryption.wrap(key, name=name)
        if self._encryption.unwrap(renewed, name=name) != key:
            raise ProviderRefused(
                f"key {name}: {renewed.by} does not give back what it wrapped; not replaced"
            )
        with files.held_alone(self.root):
            files.sweep(self.root)
            if files.identity(str(path)) != before:  # destroyed, or wrapped anew by another process
                return False
            files.replace(path, renewed.written())
        return True

    def destroy_version(self, provider: Provider, version: int) -> None:
        """Destroy a version of the key-encryption key, and with it every old copy of what it wrapped.

        A transit engine destroys every earlier version with it. Raises StillNeeded while a key is
        wrapped by one of them, or when new keys are.
        """
        encryption = self._encryptions.get(provider)
        if encryption is None:
            raise ProviderRefused(f"{provider} is not configured")
        with files.held_alone(self.root):
            there = encryption.versions()
            if version not in there:
                raise ProviderRefused(f"{provider} has no version {version}: {_listed(there)}")
            if encryption is self._encryption and version == there[-1]:
                raise StillNeeded(f"{provider}:{version} wraps new keys: rotate first")
            doomed = [v for v in there if v <= version] if provider is Provider.TRANSIT else [version]
            needed = [name for name, w in self._wrapped() if w.provider is provider and w.version in doomed]
            if needed:
                raise StillNeeded(
                    f"{len(needed)} keys are wrapped by {provider}:{_listed(doomed)} ({needed[0]}, …): "
                    "rewrap first"
                )
            encryption.destroy(version)

    # for the operator

    def names(self) -> list[str]:
        """The name of every key alive, for the operator; never a value."""
        return sorted(self._name(path) for kind in _KINDS for path in self._alive(kind))

    def check(self, name: str) -> None:
        """Open one key, and forget it again. Raises KeyProviderError when it does not open."""
        self._unwrap(name, (self.root / name).read_bytes())

    def status(self) -> KeyStatus:
        """What is kept, and by whom it is wrapped; says so where the provider does not answer."""
        kept = [
            KeyFile(name=name, by=wrapped.by, made=(self.root / name).stat().st_mtime)
            for name, wrapped in self._wrapped()
        ]
        try:
            versions, trouble = self._encryption.versions(), ""
        except KeyProviderError as why:
            versions, trouble = (), str(why)
        return key_status(
            kept, kinds=_KINDS, provider=self._encryption.provider, versions=versions, trouble=trouble,
            strangers=self._strangers(),
        )  # fmt: skip

    # inside

    def _alive(self, kind: str) -> list[Path]:
        valid = _VALID.get(kind)
        return [path for path in files.finished(self.root / kind) if valid is None or valid(path)]

    def _strangers(self) -> list[str]:
        """Files that are no key of ours: nothing destroys what they may hold."""
        known = {path for kind in _KINDS for path in self._alive(kind)}
        found = (path for kind in _KINDS for path in files.finished(self.root / kind))
        return sorted(self._name(path) for path in found if path not in known)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _wrapped(self) -> list[tuple[str, Wrapped]]:
        """Every key with who wrapped it; one that is destroyed meanwhile is left out."""
        found = []
        for name in self.names():
            try:
                found.append((name, Wrapped.parse((self.root / name).read_bytes(), name=name)))
            except FileNotFoundError:
                continue
        return found

    def _newest(self) -> str:
        versions = self._encryption.versions()
        return f"{self._encryption.provider}:{versions[-1]}" if versions else ""

    def _destroy(self, paths: Iterable[Path]) -> list[str]:
        with files.held_alone(self.root):
            files.sweep(self.root)
            names = [self._name(path) for path in paths]
            for name in names:
                files.destroy(self.root / name)
                self._remembered.pop(name, None)
        return sorted(names)

    def _create(self, name: str, value: Callable[[], bytes]) -> bytes:
        with files.held_together(self.root):
            return files.read_or_create(
                self.root / name, lambda: self._encryption.wrap(value(), name=name).written()
            )

    def _key(self, name: str, *, create: bool) -> bytes:
        now = time.monotonic()
        # asked each time, so that what another process destroyed is gone here too
        file = files.identity(self._folder + name)
        remembered = self._remembered.get(name)
        if remembered and file is not None and remembered.file == file and now < remembered.until:
            return remembered.key
        if file is None and create:
            self._create(name, lambda: secrets.token_bytes(KEY_BYTES))
            file = files.identity(self._folder + name)
        try:
            written = (self.root / name).read_bytes()
        except FileNotFoundError:
            self._remembered.pop(name, None)
            raise KeyDestroyed(name) from None
        try:
            key = self._unwrap(name, written)
        except ProviderUnavailable as why:
            if remembered and file is not None and remembered.file == file and now < remembered.longest:
                _log.warning("%s; key %s goes on from memory", why, name)
                self._remembered[name] = remembered.again(now)
                return remembered.key
            raise
        if file is not None:
            self._remembered[name] = _Remembered(
                file=file, key=key, until=now + _REMEMBERED_SECONDS, longest=now + _LONGEST_SECONDS
            )
        return key

    def _unwrap(self, name: str, written: bytes) -> bytes:
        wrapped = Wrapped.parse(written, name=name)
        try:
            return self._provider(wrapped, name).unwrap(wrapped, name=name)
        except ProviderRefused:
            # wrapped anew since it was read, and the version that wrapped it destroyed
            now_written = (self.root / name).read_bytes()
            if now_written == written:
                raise
            wrapped = Wrapped.parse(now_written, name=name)
            return self._provider(wrapped, name).unwrap(wrapped, name=name)

    def _provider(self, wrapped: Wrapped, name: str) -> KeyEncryption:
        found = self._encryptions.get(wrapped.provider)
        if found is None:
            raise ProviderRefused(f"key {name} is wrapped by {wrapped.by}, which is not configured")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    file: files.FileIdentity
    key: bytes
    until: float  # when the provider is asked again
    longest: float  # until when it serves though the provider does not answer

    def again(self, now: float) -> _Remembered:
        return _Remembered(
            file=self.file, key=self.key, until=now + _ASKED_AGAIN_SECONDS, longest=self.longest
        )


def _data_name(purpose: Purpose, expires_on: date) -> str:
    return f"data/{purpose.name.lower()}/{expires_on.isoformat()}"


def _day(path: Path) -> date:
    return date.fromisoformat(path.name)


def _reads(read: Callable[[Path], object]) -> Callable[[Path], bool]:
    def valid(path: Path) -> bool:
        try:
            read(path)
        except ValueError:
            return False
        return True

    return valid


_VALID = {"data": _reads(_day), "index": _reads(lambda path: periods.order(path.name))}


def _listed(versions: Iterable[int]) -> str:
    return ", ".join(map(str, versions)) or "none"
