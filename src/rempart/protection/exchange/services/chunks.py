"""The sealed chunks of a file, read back one by one."""

from __future__ import annotations

import io
from uuid import UUID

from rempart.foundation.access.actor import Actor, acting
from rempart.foundation.vault import SealBroken
from rempart.foundation.vault.streams import CHUNK_BYTES, StreamOpener
from rempart.protection.exchange.models import Chunk


def context_of(handover_id: UUID) -> bytes:
    """What the stream of a hand-over's file is bound to."""
    return b"file" + handover_id.bytes


def read_chunk(number: int, *, actor: Actor, handover_id: UUID, upload: UUID, opener: StreamOpener) -> bytes:
    """One chunk, opened. Raises SealBroken when it is missing, or not what was sealed."""
    with acting(actor):
        sealed = (
            Chunk.objects.filter(handover_id=handover_id, upload=upload, number=number)
            .values_list("sealed", flat=True)
            .first()
        )
    if sealed is None:
        raise SealBroken("a chunk is missing")
    return opener.open(number, bytes(sealed))


class SealedFile(io.RawIOBase):
    """A sealed file that is read from any place: one chunk is in clear at a time, in memory only."""

    def __init__(
        self, *, actor: Actor, handover_id: UUID, upload: UUID, opener: StreamOpener, size: int
    ) -> None:
        self._actor, self._handover_id, self._upload = actor, handover_id, upload
        self._opener, self._size = opener, size
        self._at = 0
        self._number, self._chunk = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed's Buffer has no item assignment
        number, offset = divmod(self._at, CHUNK_BYTES)
        if self._at >= self._size:
            return 0
        if number != self._number:
            self._chunk = read_chunk(
                number,
                actor=self._actor,
                handover_id=self._handover_id,
                upload=self._upload,
                opener=self._opener,
            )
            self._number = number
        part = self._chunk[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
