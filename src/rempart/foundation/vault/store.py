"""Where a deployment's keys lie and who wraps them, as configured: what every room opens its keyring from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rempart.foundation.vault.keyring import Keyring
from rempart.foundation.vault.local import LocalKey
from rempart.foundation.vault.provider import (
    KeyEncryption,
    Pkcs11Settings,
    Provider,
    ProviderRefused,
    TransitSettings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStore:
    """The choice of a deployment; a plain value that may be handed to another process.

    `provider` wraps new keys. The others that are given unwrap what they wrapped before. `signing` holds the keys that
    sign certificates; where a signing service does it, `signing_socket` leads there, and none is held here.
    """

    root: Path
    provider: Provider = Provider.FILE
    transit: TransitSettings | None = None
    pkcs11: Pkcs11Settings | None = None
    signing: Provider = Provider.FILE
    signing_socket: Path | None = None


@lru_cache(maxsize=16)
def keyring_of(store: KeyStore) -> Keyring:
    """The keyring of this process for that store; the same one for everybody who asks.

    Raises ProviderRefused when the provider chosen was given no settings.
    """
    encryptions = _encryptions(store)
    if store.provider not in encryptions:
        raise ProviderRefused(f"the key provider is {store.provider}, but its settings are missing")
    return Keyring(store.root, encryptions[store.provider], others=encryptions.values())


def _encryptions(store: KeyStore) -> dict[Provider, KeyEncryption]:
    """Every provider with settings; the libraries of those that are not used are not loaded."""
    found: dict[Provider, KeyEncryption] = {Provider.FILE: LocalKey(store.root / "kek")}
    if store.transit:
        from rempart.foundation.vault.transit import TransitKey

        found[Provider.TRANSIT] = TransitKey(store.transit)
    if store.pkcs11:
        from rempart.foundation.vault.hsm import HardwareKey

        found[Provider.PKCS11] = HardwareKey(store.pkcs11)
    return found
