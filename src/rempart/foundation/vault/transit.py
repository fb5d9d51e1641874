"""The transit provider: keys are wrapped by Vault or OpenBao, whose key never leaves it.

The engine's key must be derived (`derived=true`): the name of the wrapped key goes in as context, so that
it opens under its own name only. `associated_data` would do the same, but the engine's re-wrap does not
take it.
"""

from __future__ import annotations

import base64
import re
from contextlib import AbstractContextManager
from typing import Any

from rempart.foundation.vault.engine import Engine
from rempart.foundation.vault.provider import Provider, ProviderRefused, TransitSettings, Wrapped

_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]*):[A-Za-z0-9+/=]+")


class TransitKey:
    """A key of a transit engine. Nothing is asked of it before the first call."""

    def __init__(self, settings: TransitSettings) -> None:
        """Raises ProviderRefused for an address that would carry token and keys in clear."""
        self._settings = settings
        self._engine = Engine(settings)

    @property
    def provider(self) -> Provider:
        return Provider.TRANSIT

    def wrap(self, key: bytes, *, name: str) -> Wrapped:
        self._described()
        with self._asking(f"key {name}") as transit:
            answer = transit.encrypt_data(
                self._settings.key,
                plaintext=base64.b64encode(key).decode(),
                context=_context(name),
                mount_point=self._settings.mount,
            )
            return _wrapped(answer["data"]["ciphertext"])

    def unwrap(self, wrapped: Wrapped, *, name: str) -> bytes:
        with self._asking(f"key {name}") as transit:
            answer = transit.decrypt_data(
                self._settings.key,
                ciphertext=wrapped.payload.decode("ascii", "replace"),
                context=_context(name),
                mount_point=self._settings.mount,
            )
            return base64.b64decode(answer["data"]["plaintext"], validate=True)

    def rewrap(self, wrapped: Wrapped, *, name: str) -> Wrapped:
        with self._asking(f"key {name}") as transit:
            answer = transit.rewrap_data(
                self._settings.key,
                ciphertext=wrapped.payload.decode("ascii", "replace"),
                context=_context(name),
                mount_point=self._settings.mount,
            )
            return _wrapped(answer["data"]["ciphertext"])

    def versions(self) -> tuple[int, ...]:
        described = self._described()
        first = max(described["min_available_version"], described["min_decryption_version"], 1)
        return tuple(range(first, described["latest_version"] + 1))

    def rotate(self) -> int:
        with self._asking("rotation") as transit:
            transit.rotate_key(self._settings.key, mount_point=self._settings.mount)
        return self.versions()[-1]

    def destroy(self, version: int) -> None:
        """Trim this version and every earlier one: the engine forgets from the oldest on only."""
        with self._asking(f"destruction of version {version}") as transit:
            key, mount, first = self._settings.key, self._settings.mount, version + 1
            # in this order: the engine lets none decrypt that is above the first that encrypts
            transit.update_key_configuration(key, min_encryption_version=first, mount_point=mount)
            transit.update_key_configuration(key, min_decryption_version=first, mount_point=mount)
            transit.trim_key(key, min_version=first, mount_point=mount)

    def _described(self) -> dict[str, int]:
        """The versions the engine has of its key, which is looked at first."""
        settings = self._settings
        with self._asking("its description") as transit:
            data = transit.read_key(settings.key, mount_point=settings.mount)["data"]
            fit = data["derived"] is True and data["exportable"] is False
            names = ("latest_version", "min_available_version", "min_decryption_version")
            described = {name: int(data[name]) for name in names}
        if not fit:
            raise ProviderRefused(
                f"transit key {settings.key} at {settings.url} must be derived and not exportable: "
                f"{_MAKE.format(mount=settings.mount, key=settings.key)}"
            )
        return described

    def _asking(self, what: str) -> AbstractContextManager[Any]:
        settings = self._settings
        return self._engine.asking(
            what,
            missing=f"key {settings.key}: {_MAKE.format(mount=settings.mount, key=settings.key)}",
            invalid="it did not wrap this key for this name, or the version that did is gone",
        )


_MAKE = "bao write -f {mount}/keys/{key} type=aes256-gcm96 derived=true"


def _context(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


def _wrapped(ciphertext: str) -> Wrapped:
    found = _CIPHERTEXT.fullmatch(ciphertext)
    if found is None:
        raise ValueError("no ciphertext of a transit engine")
    return Wrapped(provider=Provider.TRANSIT, version=int(found[1]), payload=ciphertext.encode())
