"""Sealing: AES-256-GCM under the key of a purpose and an expiry day, bound to the row it belongs to.

A seal is: version (1 byte) · purpose (1) · expiry day (2, days since 2000-01-01, big-endian) ·
nonce (12) · ciphertext and tag. The header and the caller's `context` (the row's own key) are
authenticated, so that a seal copied to another row does not open.
"""

from __future__ import annotations

import os
import struct
from datetime import date, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rempart.foundation.vault.keyring import Keyring, Purpose

_VERSION = 1
_EPOCH = date(2000, 1, 1)
_HEADER = struct.Struct(">BBH")
_NONCE_BYTES = 12
_TAG_BYTES = 16
_NONCES_AT_ONCE = 256

_nonces: list[bytes] = []
os.register_at_fork(after_in_child=_nonces.clear)  # two processes never seal with the same


class SealBroken(ValueError):
    """The bytes are no seal of ours, were altered, or belong to another row."""


class Sealer:
    """Seals many values of one purpose that expire on one day."""

    def __init__(self, keyring: Keyring, purpose: Purpose, expires_on: date) -> None:
        self._cipher = AESGCM(keyring.data_key(purpose, expires_on))
        self._header = _HEADER.pack(_VERSION, purpose, (expires_on - _EPOCH).days)

    def seal(self, value: bytes, *, context: bytes) -> bytes:
        """`value` sealed for the row whose key is `context`: 32 bytes longer than it was."""
        nonce = _nonce()
        header = self._header
        return header + nonce + self._cipher.encrypt(nonce, value, header + context)


def _nonce() -> bytes:
    """Twelve random bytes that serve once. They are drawn many at a time: asking the kernel for each cost more
    than the encryption."""
    try:
        return _nonces.pop()
    except IndexError:
        drawn = os.urandom(_NONCE_BYTES * _NONCES_AT_ONCE)
        several = [drawn[at : at + _NONCE_BYTES] for at in range(0, len(drawn), _NONCE_BYTES)]
        nonce = several.pop()
        _nonces.extend(several)
        return nonce


def unseal(keyring: Keyring, sealed: bytes, *, purpose: Purpose, context: bytes) -> bytes:
    """What was sealed for the row whose key is `context`.

    Raises `SealBroken` when the bytes do not belong there, `KeyDestroyed` when their day has passed.
    """
    sealed = bytes(sealed)
    if len(sealed) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
        raise SealBroken("too short for a seal")
    version, written_purpose, day = _HEADER.unpack_from(sealed)
    if version != _VERSION or written_purpose != purpose:
        raise SealBroken("sealed by another version or for another purpose")
    key = keyring.existing_data_key(purpose, _EPOCH + timedelta(days=day))
    header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
    try:
        return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + context)
    except InvalidTag:
        raise SealBroken("altered, or sealed for another row") from None
