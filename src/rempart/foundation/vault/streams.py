"""Sealing what is too large to hold: a stream cut into chunks, each sealed with its number and whether it is the last.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", 2015), laid out as in Tink's AES-GCM-HKDF streams: the key of one stream and seven
bytes of nonce come by HKDF-SHA-256 from the data key of its day, a salt of its own and its context; the nonce is
those seven bytes, the chunk's number (4 bytes, big-endian) and 1 for the last chunk, else 0. A chunk that is
missing, moved, repeated or of another stream does not open, nor does a stream that was cut short.

The salt is not secret beside the data key, but nothing opens without it: who keeps it only when the stream is
whole leaves nothing readable of half a stream.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rempart.foundation.vault.keyring import Keyring, Purpose
from rempart.foundation.vault.sealing import SealBroken

SALT_BYTES = 32
CHUNK_BYTES = 1024 * 1024
"""What a chunk holds at most, before it is sealed; sealed, it is 16 bytes longer."""

_KEY_BYTES = 32
_PREFIX_BYTES = 7
_MOST_CHUNKS = 2**32
_INFO = b"rempart stream 1\0"


@dataclass(frozen=True, slots=True)
class _Stream:
    cipher: AESGCM
    prefix: bytes

    def nonce(self, number: int, *, last: bool) -> bytes:
        return self.prefix + number.to_bytes(4, "big") + (b"\1" if last else b"\0")


def _derived(data_key: bytes, *, salt: bytes, context: bytes) -> _Stream:
    made = HKDF(
        algorithm=SHA256(), length=_KEY_BYTES + _PREFIX_BYTES, salt=salt, info=_INFO + context
    ).derive(data_key)
    return _Stream(AESGCM(made[:_KEY_BYTES]), made[_KEY_BYTES:])


@dataclass(slots=True, kw_only=True)
class StreamSealer:
    """Seals the chunks of one stream, in order; the last one once, and nothing after it.

    `salt`: to be kept beside the sealed chunks, without which none opens.
    """

    salt: bytes
    sealed: int = 0  # chunks so far
    _stream: _Stream = field(repr=False)
    _closed: bool = False

    @classmethod
    def begin(cls, keyring: Keyring, purpose: Purpose, expires_on: date, *, context: bytes) -> StreamSealer:
        """A new stream, readable until `expires_on`, of the row whose key is `context`."""
        salt = secrets.token_bytes(SALT_BYTES)
        data_key = keyring.data_key(purpose, expires_on)
        return cls(salt=salt, _stream=_derived(data_key, salt=salt, context=context))

    def seal(self, chunk: bytes, *, last: bool) -> bytes:
        """The next chunk (of at most CHUNK_BYTES), sealed. Raises ValueError after the last one."""
        if self._closed or self.sealed >= _MOST_CHUNKS or len(chunk) > CHUNK_BYTES:
            raise ValueError("after the last chunk, or too much for one")
        self._closed = last
        number, self.sealed = self.sealed, self.sealed + 1
        return self._stream.cipher.encrypt(self._stream.nonce(number, last=last), chunk, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOpener:
    """Opens the chunks of one stream, in any order, if one knows how many there are."""

    chunks: int
    _stream: _Stream = field(repr=False)

    @classmethod
    def begin(
        cls,
        keyring: Keyring,
        purpose: Purpose,
        expires_on: date,
        *,
        salt: bytes,
        context: bytes,
        chunks: int,
    ) -> StreamOpener:
        """Raises KeyDestroyed when its day has passed."""
        data_key = keyring.existing_data_key(purpose, expires_on)
        return cls(chunks=chunks, _stream=_derived(data_key, salt=bytes(salt), context=context))

    def open(self, number: int, sealed: bytes) -> bytes:
        """The chunk of that number (from 0). Raises SealBroken when it is another one, was altered, or is the
        last one of fewer or of more chunks than there should be."""
        if not 0 <= number < self.chunks:
            raise SealBroken("no such chunk")
        nonce = self._stream.nonce(number, last=number == self.chunks - 1)
        try:
            return self._stream.cipher.decrypt(nonce, bytes(sealed), None)
        except (InvalidTag, ValueError):
            raise SealBroken("altered, cut short, or of another stream") from None
