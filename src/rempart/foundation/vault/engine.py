"""A transit engine of Vault or OpenBao: whoever asks it something gets an answer, or one of our errors.

Source: the API of the transit secrets engine, Vault 1.18 and OpenBao 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import hvac
import requests
from hvac import exceptions

from rempart.foundation.vault.provider import ProviderRefused, ProviderUnavailable, TransitSettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CANNOT_NOW = (
    exceptions.VaultDown,
    exceptions.VaultNotInitialized,
    exceptions.BadGateway,
    exceptions.InternalServerError,
    exceptions.RateLimitExceeded,
    exceptions.PreconditionFailed,  # a standby that is behind
)


class Engine:
    """An engine and the token that opens it. Nothing is asked of it before the first call."""

    def __init__(self, settings: TransitSettings) -> None:
        """Raises ProviderRefused for an address that would carry token and keys in clear."""
        address = urlsplit(settings.url)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise ProviderRefused(f"{settings.url}: the transit engine's address must begin with https://")
        self._settings = settings

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
    def asking(self, what: str, *, missing: str, invalid: str) -> Iterator[Any]:
        """The engine's client; whatever goes wrong is one of our errors, and holds neither token nor key.

        `missing`, `invalid`: what it means when it has no such key, and when it will not do what is asked of it.
        """
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
            raise ProviderRefused(f"{place} has no {missing}") from None
        except exceptions.InvalidRequest:
            raise ProviderRefused(f"{place} refuses: {invalid}") from None
        except (exceptions.VaultError, KeyError, TypeError, ValueError) as why:
            raise ProviderUnavailable(
                f"{place} answers what no transit engine does: {type(why).__name__}"
            ) from None
        finally:
            client.adapter.close()
