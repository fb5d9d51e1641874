"""Where a deployment's keys lie and who wraps them, as configured: what every room opens its keyring from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rempart.foundation.vault.keyring import Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStore:
    """The choice of a deployment; a plain value that may be handed to another process."""

    root: Path


@lru_cache(maxsize=16)
def keyring_of(store: KeyStore) -> Keyring:
    """The keyring of this process for that store; the same one for everybody who asks."""
    return Keyring(store.root)
