"""Who wraps keys: what every provider of a key-encryption key offers, and how a wrapped key is written.

A key-encryption key has versions. A wrapped key says which provider and which version wrapped it, so that
several are in use while keys move from one to another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Provider(StrEnum):
    FILE = "file"
    TRANSIT = "transit"
    PKCS11 = "pkcs11"


class KeyDestroyed(LookupError):
    """The key of that purpose and day is no longer there: what it sealed is gone for ever."""


class KeyProviderError(Exception):
    """A provider did not do what it was asked. The message names the key and what to do, never a secret."""


class ProviderUnavailable(KeyProviderError):
    """It does not answer, or cannot now: sealed, out of reach, no token in the slot. To be tried again."""


class ProviderRefused(KeyProviderError, PermissionError):
    """It answered, and refused: a wrong token or PIN, a missing version, a key that is not its own."""


_HEADER = re.compile(rb"rempart:([a-z0-9]+):([1-9][0-9]{0,8})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A key as it lies in its file: `rempart:<provider>:<version>`, a line end, the provider's own bytes.

    What the first version of the local key wraps has no header: it had none before there were others.
    """

    provider: Provider
    version: int
    payload: bytes

    @classmethod
    def parse(cls, written: bytes, *, name: str) -> Wrapped:
        """What a key's file holds. Raises ProviderRefused when another program wrote it."""
        if not written.startswith(b"rempart:"):
            return cls(provider=Provider.FILE, version=1, payload=written)
        header = _HEADER.match(written)
        if header is None or header[1].decode() not in list(Provider):
            raise ProviderRefused(f"key {name}: its file is damaged, or of a later version of Rempart")
        return cls(
            provider=Provider(header[1].decode()), version=int(header[2]), payload=written[header.end() :]
        )

    def written(self) -> bytes:
        if self.provider is Provider.FILE and self.version == 1:
            return self.payload
        return f"rempart:{self.provider}:{self.version}\n".encode() + self.payload

    @property
    def by(self) -> str:
        """Who wrapped it, as operators read and write it: "file:1"."""
        return f"{self.provider}:{self.version}"


class KeyEncryption(Protocol):
    """A key-encryption key with its versions. Every call may raise ProviderUnavailable or ProviderRefused."""

    @property
    def provider(self) -> Provider: ...

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        """`key` wrapped by the newest version, bound to its name."""
        ...

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        """The key, by the version that wrapped it under this name."""
        ...

    def rewrap(self, wrapped: Wrapped, *, name: str) -> Wrapped:
        """What an older version of this provider wrapped, wrapped by the newest."""
        ...

    def versions(self) -> tuple[int, ...]:
        """The versions that can unwrap, oldest first; the last one wraps. Empty before the first."""
        ...

    def rotate(self) -> int:
        """Make a new version; its number."""
        ...

    def destroy(self, version: int) -> None:
        """Destroy this version, for ever; a transit engine destroys every earlier one with it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitSettings:
    """A transit engine of Vault or OpenBao. `token_file` is read at each use, for an agent renews it."""

    url: str
    mount: str = "transit"
    key: str = "rempart"
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    ca: Path | None = None
    timeout: float = 5.0  # seconds, to connect and for each answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Settings:
    """A token of a hardware security module: its library, the token's label, the label its keys begin with."""

    module: Path
    token: str
    key: str = "rempart-kek"
    pin: str = field(default="", repr=False)
    pin_file: Path | None = None
