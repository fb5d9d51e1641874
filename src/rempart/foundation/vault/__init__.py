"""The vault: what is nominative is sealed here, and found again through blind indexes only.

Data keys are made per (purpose, expiry day), wrapped by a key-encryption key, and live in a key store
outside PostgreSQL and outside its backups: destroying the key of a day destroys that day's data
everywhere, in old dumps too.
"""

from rempart.foundation.vault.indexing import BlindIndex, Indexer
from rempart.foundation.vault.keyring import Keyring, Purpose, StillNeeded
from rempart.foundation.vault.local import LocalKey
from rempart.foundation.vault.provider import (
    KeyDestroyed,
    KeyEncryption,
    KeyProviderError,
    Pkcs11Settings,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    TransitSettings,
    Wrapped,
)
from rempart.foundation.vault.sealing import SealBroken, Sealer, unseal
from rempart.foundation.vault.status import KeyStatus
from rempart.foundation.vault.store import KeyStore, keyring_of

__all__ = [
    "BlindIndex",
    "Indexer",
    "KeyDestroyed",
    "KeyEncryption",
    "KeyProviderError",
    "KeyStatus",
    "KeyStore",
    "Keyring",
    "LocalKey",
    "Pkcs11Settings",
    "Provider",
    "ProviderRefused",
    "ProviderUnavailable",
    "Purpose",
    "SealBroken",
    "Sealer",
    "StillNeeded",
    "TransitSettings",
    "Wrapped",
    "keyring_of",
    "unseal",
]
