"""The transit provider: keys are wrapped by Vault or OpenBao, whose key never leaves it.

The engine's key must be derived (`derived=true`): the name of the wrapped key goes in as context, so that
it opens under its own name only. `associated_data` would do the same, but the engine's re-wrap does not
take it. Source: the API of the transit secrets engine, Vault 1.18 and OpenBao 2.1.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import hvac
import requests
from hvac import exceptions

from rempart.foundation.vault.provider import (
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    TransitSettings,
    Wrapped,
)

_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]*):[A-Za-z0-9+/=]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CANNOT_NOW = (
    exceptions.VaultDown,
    exceptions.VaultNotInitialized,
    exceptions.BadGateway,
    exceptions.InternalServerError,
    exceptions.RateLimitExceeded,
    exceptions.PreconditionFailed,  # a standby that is behind
)


class TransitKey:
    """A key of a transit engine. Nothing is asked of it before the first call."""

    def __init__(self, settings: TransitSettings) -> None:
        """Raises ProviderRefused for an address that would carry token and keys in clear."""
        address = urlsplit(settings.url)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise ProviderRefused(f"{settings.url}: the transit engine's address must begin with https://")
        self._settings = settings

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

    def _token(self) -> str:
        if self._settings.token_file is None:
            return self._settings.token
        try:
            return self._settings.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as why:
            raise ProviderUnavailable(
                f"{self._settings.token_file} holds no token that can be read: {type(why).__name__}"
            ) from None

    @contextmanager
    def _asking(self, what: str) -> Iterator[Any]:
        """The engine's client; whatever goes wrong is one of our errors, and holds neither token nor key."""
        settings = self._settings
        place = f"the transit engine at {settings.url} ({what})"
        client = hvac.Client(
            url=settings.url,
            token=self._token(),
            verify=str(settings.ca) if settings.ca else True,
            timeout=settings.timeout,
            session=requests.Session(),
        )
        try:
            yield client.secrets.transit
        except (requests.exceptions.RequestException, OSError) as why:
            raise ProviderUnavailable(f"{place} does not answer: {type(why).__name__}") from None
        except _CANNOT_NOW as why:
            raise ProviderUnavailable(
                f"{place} cannot now: {type(why).__name__}. Is it sealed, or starting?"
            ) from None
        except (exceptions.Forbidden, exceptions.Unauthorized):
            raise ProviderRefused(
                f"{place} refuses the token: renew it, or widen its policy (docs/runbook/keys.md)"
            ) from None
        except exceptions.InvalidPath:
            raise ProviderRefused(
                f"{place} has no key {settings.key}: {_MAKE.format(mount=settings.mount, key=settings.key)}"
            ) from None
        except exceptions.InvalidRequest:
            raise ProviderRefused(
                f"{place} refuses: it did not wrap this key for this name, or the version that did is gone"
            ) from None
        except (exceptions.VaultError, KeyError, TypeError, ValueError) as why:
            raise ProviderUnavailable(
                f"{place} answers what no transit engine does: {type(why).__name__}"
            ) from None
        finally:
            client.adapter.close()


_MAKE = "bao write -f {mount}/keys/{key} type=aes256-gcm96 derived=true"


def _context(name: str) -> str:
    return base64.b64encode(name.encode()).decode()


def _wrapped(ciphertext: str) -> Wrapped:
    found = _CIPHERTEXT.fullmatch(ciphertext)
    if found is None:
        raise ValueError("no ciphertext of a transit engine")
    return Wrapped(provider=Provider.TRANSIT, version=int(found[1]), payload=ciphertext.encode())
