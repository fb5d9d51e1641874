"""Blind indexes: keyed digests by which sealed data are found again, by equality only.

New values are indexed under the newest key of the current half-year; a search asks under every key that
is alive. Destroying an old period's key makes its digests meaningless.
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import date
from enum import StrEnum

from rempart.foundation.vault.keyring import Keyring
from rempart.foundation.vault.provider import KeyDestroyed

DIGEST_BYTES = 16


class BlindIndex(StrEnum):
    """What is indexed; the same value under two indexes has unrelated digests."""

    INS = "ins"  # a matricule, for search
    NAME_BIRTH = "name-birth"  # a name and a birth date, for search
    PERSON_INS = "person-ins"  # matricule and birth date, for matching
    PERSON_TRAITS = "person-traits"  # birth name, first name, birth date, sex, for matching
    IDENTITY = "identity"  # a whole identity as received, to keep it once
    RECORD = "record"  # laboratory, record number and analysis, for idempotence
    CONTENT = "content"  # what a result said, to tell a repeat from a change
    MESSAGE = "message"  # sender and control id, for idempotence
    BODY = "body"  # a message's own bytes, likewise


class Indexer:
    """Digests under the keys alive on a day. Make one per batch, not per value."""

    def __init__(self, keyring: Keyring, today: date) -> None:
        current = keyring.index_period(today)
        keys = [keyring.index_key(current)]
        for period in keyring.index_periods():
            if period != current:
                with suppress(KeyDestroyed):  # since it was listed
                    keys.append(keyring.existing_index_key(period))
        self._by_index = {
            index: [hmac.digest(key, index.encode(), "sha256") for key in keys] for index in BlindIndex
        }

    def digest(self, index: BlindIndex, value: str) -> bytes:
        """The digest to store (16 bytes), under the current period's key."""
        return hmac.digest(self._by_index[index][0], value.encode(), "sha256")[:DIGEST_BYTES]

    def digests(self, index: BlindIndex, value: str | bytes) -> tuple[bytes, ...]:
        """The digests to search for, one per key alive, the current period's first."""
        encoded = value.encode() if isinstance(value, str) else value
        return tuple([hmac.digest(key, encoded, "sha256")[:DIGEST_BYTES] for key in self._by_index[index]])
