"""Entries sealed in blocks, each block chained to the one before: digests, and what breaks them.

A leaf is one entry's id and the SHA-256 of all that it says; a block holds its leaves and is digested over
its number, month, count, the digest of its leaves, the digest of the block before and the time of its sealing. Texts
are JSON with sorted names and nothing between, so that anybody can compute them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

_ENTRY = b"rempart audit entry 1\n"
_BLOCK = b"rempart audit block 1\n"
BEGINNING = bytes(32)
"""What the first block names as the digest before it."""

_ID_BYTES, _DIGEST_BYTES = 8, 32
_LEAF_BYTES = _ID_BYTES + _DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry, as it is digested."""

    id: int
    month: date
    at: datetime
    actor: str
    role: str
    organisation: str
    purpose: str
    act: str
    subject: str
    person: UUID | None
    fields: Sequence[str]
    origin: str
    details: object

    def digest(self) -> bytes:
        return _digest(
            _ENTRY,
            [
                self.id, self.month.isoformat(), _moment(self.at), self.actor, self.role, self.organisation,
                self.purpose, self.act, self.subject, str(self.person or ""), list(self.fields), self.origin,
                self.details,
            ],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a block keeps of one entry."""

    id: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A sealed block. `leaves` is None once its month was dropped; `entries` stays, and so does `digest`."""

    number: int
    month: date
    count: int
    leaves: bytes | None
    entries: bytes
    before: bytes
    sealed_at: datetime
    digest: bytes

    def computed(self) -> bytes:
        """The digest that the other fields give."""
        return block_digest(
            number=self.number,
            month=self.month,
            count=self.count,
            entries=self.entries,
            before=self.before,
            sealed_at=self.sealed_at,
        )

    def unpacked(self) -> list[Leaf]:
        """Its leaves, one by one; none once they were dropped."""
        packed = self.leaves or b""
        return [
            Leaf(
                id=int.from_bytes(packed[start : start + _ID_BYTES]),
                digest=packed[start + _ID_BYTES : start + _LEAF_BYTES],
            )
            for start in range(0, len(packed), _LEAF_BYTES)
        ]


def close(lines: Sequence[Line], *, after: Block | None, now: datetime) -> Block:
    """The next block: `lines` (at least one, of one month, in the order of sealing) chained to `after`.

    A clock that went back seals at the time of the block before.
    """
    leaves = b"".join(line.id.to_bytes(_ID_BYTES) + line.digest() for line in lines)
    number = after.number + 1 if after else 1
    before = after.digest if after else BEGINNING
    sealed_at = max(now, after.sealed_at) if after else now
    entries = hashlib.sha256(leaves).digest()
    return Block(
        number=number,
        month=lines[0].month,
        count=len(lines),
        leaves=leaves,
        entries=entries,
        before=before,
        sealed_at=sealed_at,
        digest=block_digest(
            number=number,
            month=lines[0].month,
            count=len(lines),
            entries=entries,
            before=before,
            sealed_at=sealed_at,
        ),
    )


def block_digest(
    *, number: int, month: date, count: int, entries: bytes, before: bytes, sealed_at: datetime
) -> bytes:
    """SHA-256 over all that a block says."""
    return _digest(
        _BLOCK, [number, month.isoformat(), count, entries.hex(), before.hex(), _moment(sealed_at)]
    )


def breaks(block: Block, *, after: Block | None, dropped: bool) -> Iterator[str]:
    """What is wrong with a block beside the one before it, in words; its entries are another matter.

    `dropped`: its month was dropped at the end of its retention, and its leaves with it.
    """
    expected = after.number + 1 if after else 1
    if block.number != expected:
        missing = (
            f"block {expected}"
            if block.number == expected + 1
            else f"blocks {expected} to {block.number - 1}"
        )
        yield f"{missing} removed"
    elif block.before != (after.digest if after else BEGINNING):
        yield "not chained to the block before"
    if block.digest != block.computed():
        yield "altered: its digest is not that of what it says"
    if after and block.sealed_at < after.sealed_at:
        yield "sealed before the block before it"
    if block.leaves is None:
        if not dropped:
            yield "its leaves were removed, though its month was not dropped"
    elif (
        hashlib.sha256(block.leaves).digest() != block.entries
        or len(block.leaves) != block.count * _LEAF_BYTES
    ):
        yield "its leaves were altered"


def _digest(kind: bytes, said: Sequence[object]) -> bytes:
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(kind + text.encode("ascii")).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
