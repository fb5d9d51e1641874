"""Blind indexes: keyed digests by which sealed data are found again, by equality only.

New values are indexed under the newest key of the current half-year; a search asks under every key that
is alive. Destroying an old period's key makes its digests meaningless.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
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
            index: _Digests([_keyed(hmac.digest(key, index.encode(), "sha256")) for key in keys])
            for index in BlindIndex
        }

    def of(self, index: BlindIndex) -> _Digests:
        """The digests of one index, for whoever asks for many."""
        return self._by_index[index]

    def digest(self, index: BlindIndex, value: str) -> bytes:
        """The digest to store (16 bytes), under the current period's key."""
        return self._by_index[index].current(value.encode())

    def digests(self, index: BlindIndex, value: str | bytes) -> tuple[bytes, ...]:
        """The digests to search for, one per key alive, the current period's first."""
        return self._by_index[index].every(value.encode() if isinstance(value, str) else value)


class _Digests:
    """The digests of one index: `current` under the current period's key, `every` under each one alive."""

    __slots__ = ("_others", "current")

    def __init__(self, keyed: Sequence[Callable[[bytes], bytes]]) -> None:
        self.current, *self._others = keyed

    def every(self, value: bytes) -> tuple[bytes, ...]:
        if not self._others:
            return (self.current(value),)
        return (self.current(value), *[digest(value) for digest in self._others])


def _keyed(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 under one key (RFC 2104), of which the first 16 bytes are kept. It is begun once and copied for each
    value: a third of the time that `hmac.digest` takes, which begins anew each time."""
    padded = key.ljust(hashlib.sha256().block_size, b"\0")
    begin_inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded])).copy
    begin_outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in padded])).copy

    def digest(value: bytes) -> bytes:
        inner, outer = begin_inner(), begin_outer()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()[:DIGEST_BYTES]

    return digest
