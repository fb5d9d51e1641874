"""Anchors: once a day the last block is signed, and the signature written to a file outside the database.

Who can rewrite the database can chain everything anew, but not sign it: the key lies in the key store. Who
keeps the files elsewhere, and the certificate, needs to trust neither.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from django.db import transaction

from rempart.foundation.audit.sealing import lock
from rempart.foundation.vault import Keyring
from rempart.foundation.vault.signing import DocumentKey, document_key, is_signed

_NAME = "audit-anchor"
_REWRITTEN = 31
"""Anchors of the database whose missing files are written again: those of the last month."""


class NotAnAnchor(Exception):
    """A file that holds no anchor; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What was signed: the digest of a block, and when. `statement` is the signed text itself."""

    block: int
    digest: bytes
    sealed_at: datetime
    signed_at: datetime
    statement: bytes
    signature: bytes
    certificate: bytes

    @property
    def name(self) -> str:
        """Of its file: the day it was signed and the block."""
        return f"{self.signed_at:%Y-%m-%d}-{self.block}.json"


def anchor_key(keyring: Keyring, *, now: datetime) -> DocumentKey:
    """The deployment's key, made when missing."""
    return document_key(keyring, _NAME, common_name="Rempart audit anchors", now=now)


_UNSIGNED = """
    SELECT number, digest, sealed_at FROM audit_block
    WHERE number = (SELECT max(number) FROM audit_block)
      AND number > (SELECT coalesce(max(block), 0) FROM audit_anchor)"""


def anchor(*, keyring: Keyring, folder: Path, now: datetime) -> Anchor | None:
    """Sign the last block unless it is signed, then write every anchor of late whose file is missing; the one
    signed now, or None when there was nothing new."""
    key = anchor_key(keyring, now=now)
    with transaction.atomic(), transaction.get_connection().cursor() as cursor:
        made = None
        last = None
        if lock(cursor):
            cursor.execute(_UNSIGNED)
            last = cursor.fetchone()
        if last:
            made = _signed(key, block=last[0], digest=bytes(last[1]), sealed_at=last[2], now=now)
            cursor.execute(
                "INSERT INTO audit_anchor (block, signed_at, statement, signature, certificate)"
                " VALUES (%s, %s, %s, %s, %s)",
                (made.block, made.signed_at, made.statement, made.signature, made.certificate),
            )
    for kept in anchors_kept()[-_REWRITTEN:]:
        _write(folder / kept.name, kept)
    return made


def anchors_kept() -> list[Anchor]:
    """The anchors of the database, oldest first; one whose statement cannot be read counts as block 0."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT statement, signature, certificate, block FROM audit_anchor ORDER BY block")
        return [_of_row(*(bytes(part) for part in row[:3]), block=row[3]) for row in cursor.fetchall()]


def read(path: Path) -> Anchor:
    """One anchor from its file. Raises NotAnAnchor."""
    try:
        said = json.loads(path.read_text("utf-8"))
        parts = (said["statement"].encode(), bytes.fromhex(said["signature"]), _der(said["certificate"]))
        return _of(*parts)
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise NotAnAnchor(f"{path} holds no anchor") from wrong


def holds(anchor: Anchor, *, certificate: bytes) -> bool:
    """Whether the statement was signed by the key of this certificate (DER)."""
    return is_signed(anchor.statement, anchor.signature, certificate=certificate)


def pem(certificate: bytes) -> bytes:
    """A certificate as text, for whoever keeps it elsewhere."""
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def certificate_from(path: Path) -> bytes:
    """A certificate (DER) from a PEM or DER file. Raises ValueError."""
    data = path.read_bytes()
    load = (
        x509.load_pem_x509_certificate
        if data.lstrip().startswith(b"-----")
        else x509.load_der_x509_certificate
    )
    return load(data).public_bytes(serialization.Encoding.DER)


def _signed(key: DocumentKey, *, block: int, digest: bytes, sealed_at: datetime, now: datetime) -> Anchor:
    statement = json.dumps(
        {
            "what": "rempart audit anchor 1",
            "block": block,
            "digest": digest.hex(),
            "sealed_at": sealed_at.astimezone(UTC).isoformat(),
            "signed_at": now.astimezone(UTC).isoformat(),
        },
        sort_keys=True,
    ).encode()
    return _of(statement, key.sign(statement), key.certificate)


def _of(statement: bytes, signature: bytes, certificate: bytes) -> Anchor:
    said: dict[str, Any] = json.loads(statement)
    return Anchor(
        block=int(said["block"]),
        digest=bytes.fromhex(said["digest"]),
        sealed_at=datetime.fromisoformat(said["sealed_at"]),
        signed_at=datetime.fromisoformat(said["signed_at"]),
        statement=statement,
        signature=signature,
        certificate=certificate,
    )


def _of_row(statement: bytes, signature: bytes, certificate: bytes, *, block: int) -> Anchor:
    try:
        return _of(statement, signature, certificate)
    except (ValueError, KeyError, TypeError):
        never = datetime.min.replace(tzinfo=UTC)
        return Anchor(
            block=block, digest=b"", sealed_at=never, signed_at=never, statement=statement, signature=signature,
            certificate=certificate,
        )  # fmt: skip


def _write(path: Path, anchor: Anchor) -> None:
    """Write an anchor's file whole, unless it is there: an earlier one is never written over."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "statement": anchor.statement.decode(),
        "signature": anchor.signature.hex(),
        "certificate": pem(anchor.certificate).decode(),
    }
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(said, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _der(text: str) -> bytes:
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(serialization.Encoding.DER)
