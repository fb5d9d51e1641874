"""The vault: what is nominative is sealed here, and found again through blind indexes only.

Data keys are made per (purpose, expiry day), wrapped by a key-encryption key, and live in a key store
outside PostgreSQL and outside its backups: destroying the key of a day destroys that day's data
everywhere, in old dumps too.
"""

from rempart.foundation.vault.indexing import BlindIndex, Indexer
from rempart.foundation.vault.keyring import KeyDestroyed, KeyEncryption, Keyring, LocalKey, Purpose
from rempart.foundation.vault.sealing import SealBroken, Sealer, unseal
from rempart.foundation.vault.store import KeyStore, keyring_of

__all__ = [
    "BlindIndex",
    "Indexer",
    "KeyDestroyed",
    "KeyEncryption",
    "KeyStore",
    "Keyring",
    "LocalKey",
    "Purpose",
    "SealBroken",
    "Sealer",
    "keyring_of",
    "unseal",
]
