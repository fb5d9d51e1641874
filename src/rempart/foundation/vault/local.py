"""The local provider: key-encryption keys in files of mode 0600, beside what they wrap."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rempart.foundation.vault.files import destroy, finished, read_or_create
from rempart.foundation.vault.provider import Provider, ProviderRefused, Wrapped

_KEY_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class LocalKey:
    """`path` holds the first version, made at first start; `<path>-2` and so on the later ones."""

    path: Path

    @property
    def provider(self) -> Provider:
        return Provider.FILE

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        version = self._newest()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher(version).encrypt(nonce, key, name.encode())
        return Wrapped(provider=self.provider, version=version, payload=nonce + sealed)

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        """Raises ProviderRefused when that version is missing, or did not wrap this key for this name."""
        nonce, sealed = wrapped.payload[:_NONCE_BYTES], wrapped.payload[_NONCE_BYTES:]
        try:
            return self._cipher(wrapped.version).decrypt(nonce, sealed, name.encode())
        except (InvalidTag, ValueError) as wrong:
            raise ProviderRefused(
                f"key {name} cannot be unwrapped by {self.file(wrapped.version)}"
            ) from wrong

    def rewrap(self, wrapped: Wrapped, *, name: str) -> Wrapped:
        return self.wrap(self.unwrap(wrapped, name=name), name=name)

    def versions(self) -> tuple[int, ...]:
        later = re.compile(rf"{re.escape(self.path.name)}-([1-9][0-9]*)")
        found = (later.fullmatch(path.name) for path in self.path.parent.glob(f"{self.path.name}-*"))
        first = [1] if self.path.is_file() else []
        return tuple(sorted([*first, *(int(match[1]) for match in found if match)]))

    def rotate(self) -> int:
        version = max(self.versions(), default=0) + 1
        read_or_create(self.file(version), lambda: secrets.token_bytes(_KEY_BYTES))
        return version

    def destroy(self, version: int) -> None:
        destroy(self.file(version))

    def file(self, version: int) -> Path:
        """Where a version lies."""
        return self.path if version == 1 else self.path.with_name(f"{self.path.name}-{version}")

    def _newest(self) -> int:
        """The version that wraps, the first one made when there is none and nothing was ever wrapped."""
        versions = self.versions()
        if not versions:
            wrapped = self._has_wrapped()
            # asked again after looking for keys: another process may be making both, in that order
            versions = self.versions()
            if wrapped and not versions:
                raise ProviderRefused(_missing(self.path))
        if versions:
            return versions[-1]
        read_or_create(self.path, lambda: secrets.token_bytes(_KEY_BYTES))
        return 1

    def _has_wrapped(self) -> bool:
        folders = (folder for folder in self.path.parent.glob("*") if folder.is_dir())
        return any(True for folder in folders for _ in finished(folder))

    def _cipher(self, version: int) -> AESGCM:
        try:
            return AESGCM(self.file(version).read_bytes())
        except FileNotFoundError:
            raise ProviderRefused(_missing(self.file(version))) from None


def _missing(path: Path) -> str:
    return (
        f"{path} is missing, but keys that it wrapped are there: put it back from where it is kept safe, or "
        "recover it (`rempart keys escrow recover`). A new one would open none of them."
    )
