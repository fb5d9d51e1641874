"""Looking for pairs to review: the platform's own work, a batch of identities in each transaction."""

from __future__ import annotations

from datetime import datetime

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.people.likeness import seeking
from rempart.foundation.people.likeness.seeking import Sought
from rempart.foundation.vault import Keyring


def seek(*, keyring: Keyring, now: datetime) -> Sought:
    """Compare the next identities with those that share a key with them."""
    with acting(system(Purpose.INTAKE)) as cursor:
        return seeking.step(cursor, keyring=keyring, now=now)
