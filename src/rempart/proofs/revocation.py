"""Certificates taken back: lists of hashes, kept packed and searched offline.

The gateway's hashes of an EU DCC are the first 16 bytes of a SHA-256 (implementing decision (EU) 2021/1073, annex):
of the identifier, of the country and the identifier, or of the signature (of its r alone for ES256, since anybody
can write another s that holds). TousAntiCovid's are whole: of the country in capitals and the identifier, and of
what is signed for a 2D-DOC.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rempart.proofs import cose, dcc, twoddoc
from rempart.proofs.trust import Usage

_SHORT, _WHOLE = 16, 32  # bytes
_FILE_LIMIT = (
    4_000_000_000  # bytes; 80 million entries, the most that was foreseen for the world, are 2.7 GB in hex
)


class RevocationError(Exception):
    """A list that cannot be used; the message says which file, where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Hashes of 16 or 32 bytes. Those of a country count for its own keys alone."""

    hashes: Iterable[bytes]
    key_id: bytes = b""  # empty: whatever key signed


@dataclass(frozen=True, slots=True)
class Revocations:
    """Hashes by key and length, each as one sorted run of bytes: as much memory as the hashes themselves."""

    _runs: Mapping[tuple[bytes, int], bytes]

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> Revocations:
        """Raises RevocationError for a hash that is neither 16 nor 32 bytes long."""
        gathered = _Gathered()
        for batch in batches:
            gathered.add(batch)
        return gathered.packed()

    @classmethod
    def load(cls, path: Path) -> Revocations:
        """Read a file, or every file under a directory. Raises RevocationError.

        A file is text with one hash per line (hexadecimal or Base64, `#` begins a remark), a JSON array of such
        hashes, or batches of the gateway (`{"kid": …, "entries": [{"hash": …}]}`, one or an array).
        """
        paths = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        if not paths:
            raise RevocationError(f"{path} holds no list.")
        gathered = _Gathered()
        for file in paths:
            _read(file, gathered)
        return gathered.packed()

    def __len__(self) -> int:
        return sum(len(run) // length for (_, length), run in self._runs.items())

    def listed(self) -> Iterator[tuple[bytes, bytes]]:
        """Every hash, after the identifier of the key that it counts for (empty: any)."""
        for (key_id, length), run in self._runs.items():
            for at in range(0, len(run), length):
                yield key_id, run[at : at + length]

    def has(self, fingerprints: Iterable[bytes], *, key_id: bytes | None = b"") -> bool:
        """Whether one of a certificate's fingerprints is listed, for any key or for the one that signed it (None: that is not
        known, so every list counts)."""
        keys = {key for key, _ in self._runs} if key_id is None else {b"", key_id}
        runs = ((self._runs.get((key, len(one))), one) for one in fingerprints for key in keys)
        return any(run is not None and _holds(run, one) for run, one in runs)


NOTHING_REVOKED = Revocations({})


def of_dcc(envelope: dcc.Envelope) -> tuple[bytes, ...]:
    """The fingerprints under which an EU DCC may be listed."""
    message = envelope.message
    signature = message.signature
    signed = signature[: len(signature) // 2] if message.algorithm == cose.ES256 else signature
    found = {_digest(signed)[:_SHORT]}
    for country, identifier in _identifiers(envelope):
        listed = country + identifier
        found.add(_digest(identifier.encode())[:_SHORT])
        for text in {listed, envelope.issuer + identifier, country.upper() + identifier, listed.upper()}:
            whole = _digest(text.encode())
            found |= {whole, whole[:_SHORT]}
    return tuple(found)


def of_2ddoc(document: twoddoc.Document) -> tuple[bytes, ...]:
    """The fingerprint under which a 2D-DOC may be listed."""
    return (_digest(document.signed),)


def _identifiers(envelope: dcc.Envelope) -> Iterator[tuple[str, str]]:
    for usage in Usage:
        group = envelope.certificate.get(usage)
        for entry in group if isinstance(group, list | tuple) else ():
            if isinstance(entry, Mapping) and isinstance(entry.get("ci"), str):
                yield str(entry.get("co", "")), entry["ci"]


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _holds(run: bytes, one: bytes) -> bool:
    length = len(one)
    count = len(run) // length
    place = bisect_left(range(count), one, key=lambda index: run[index * length : (index + 1) * length])
    return place < count and run[place * length : (place + 1) * length] == one


class _Gathered:
    """Hashes on their way into a `Revocations`."""

    def __init__(self) -> None:
        self.hashes: dict[tuple[bytes, int], set[bytes]] = defaultdict(set)

    def add(self, batch: Batch) -> None:
        for one in batch.hashes:
            if len(one) not in (_SHORT, _WHOLE):
                raise RevocationError("A hash is 16 or 32 bytes long.")
            self.hashes[batch.key_id, len(one)].add(one)

    def packed(self) -> Revocations:
        return Revocations({key: b"".join(sorted(hashes)) for key, hashes in self.hashes.items()})


def _read(path: Path, gathered: _Gathered) -> None:
    try:
        if path.stat().st_size > _FILE_LIMIT:
            raise RevocationError(f"{path} is larger than {_FILE_LIMIT // 1_000_000_000} GB: no list.")
        with path.open("rb") as file:
            is_json = file.read(64).lstrip()[:1] in (b"{", b"[")
            file.seek(0)
            for batch in _batches(json.load(file)) if is_json else [Batch(hashes=_lines(file))]:
                gathered.add(batch)
    except OSError as error:
        raise RevocationError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RevocationError(f"{path} is no list of hashes: {error}.") from error


def _lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(lines, start=1):
        text = line.partition(b"#")[0].strip()
        if text:
            try:
                yield _hash(text)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def _batches(content: Any) -> Iterator[Batch]:
    if isinstance(content, list) and all(isinstance(one, str) for one in content):
        yield Batch(hashes=[_hash(one.encode()) for one in content])
        return
    for batch in content if isinstance(content, list) else [content]:
        kid = batch.get("kid") or ""
        yield Batch(
            hashes=[_hash(entry["hash"].encode()) for entry in batch["entries"]],
            key_id=b"" if kid in ("", "UNKNOWN_KID") else base64.b64decode(kid, validate=True),
        )


def _hash(text: bytes) -> bytes:
    """16 or 32 bytes from hexadecimal or Base64; their lengths tell which. Raises ValueError."""
    if len(text) in (2 * _SHORT, 2 * _WHOLE):
        return binascii.unhexlify(text)
    found = base64.b64decode(text, validate=True)
    if len(found) not in (_SHORT, _WHOLE):
        raise ValueError("a hash is 16 or 32 bytes, in hexadecimal or Base64")
    return found
