"""Blind indexes: keyed digests by which sealed data are found again, by equality only.

New values are indexed under the newest key of the current half-year; a search asks under every key that
is alive. Destroying an old period's key makes its digests meaningless.
"""

from __future__ import annotations

import hashlib
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
    BLOCKING = "blocking"  # parts of traits that two records of one person may share, to compare them
    IDENTITY = "identity"  # a whole identity as received, to keep it once
    RECORD = "record"  # laboratory, record number and analysis, for idempotence
    SPECIMEN = "specimen"  # laboratory and number of a tube
    CONTENT = "content"  # what a result said, to tell a repeat from a change
    MESSAGE = "message"  # sender and control id, for idempotence
    BODY = "body"  # a message's own bytes, likewise
    LOCAL_CODE = "local-code"  # a laboratory's own code or words that nothing translates yet


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
            index: [_Keyed(hmac.digest(key, index.encode(), "sha256")) for key in keys]
            for index in BlindIndex
        }

    def digest(self, index: BlindIndex, value: str) -> bytes:
        """The digest to store (16 bytes), under the current period's key."""
        return self._by_index[index][0].digest(value.encode())

    def digests(self, index: BlindIndex, value: str | bytes) -> tuple[bytes, ...]:
        """The digests to search for, one per key alive, the current period's first."""
        encoded = value.encode() if isinstance(value, str) else value
        return tuple([key.digest(encoded) for key in self._by_index[index]])


class _Keyed:
    """HMAC-SHA-256 under one key (RFC 2104), begun once and copied for each value: a third of the time that
    `hmac.digest` takes, which begins anew each time."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]))
        self._outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]))

    def digest(self, value: bytes) -> bytes:
        """The first 16 bytes of the HMAC of a value."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()[:DIGEST_BYTES]
