"""A signed review as a file: what anybody can check who has the certificate, without the platform.

JSON with three texts: `statement` (itself JSON, the bytes that were signed), `signature` (hexadecimal, ECDSA
P-256 with SHA-256), `certificate` (PEM).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rempart.foundation.vault import Keyring
from rempart.foundation.vault.signing import DocumentKey, document_key, is_signed

WHAT = "rempart access review 1"
_COLUMNS = (
    "name", "username", "role", "organisation", "departments", "establishment", "last_sign_in", "trainings", "ends_on",
    "open", "decision", "decided_at", "decided_by",
)  # fmt: skip
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NotAReview(ValueError):
    """The bytes are no signed review; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReview:
    """What a file holds: the bytes that were signed, the signature (DER) and the certificate (DER)."""

    statement: bytes = field(repr=False)
    signature: bytes
    certificate: bytes = field(repr=False)

    @property
    def said(self) -> Mapping[str, Any]:
        """The statement. Raises NotAReview when it is of something else."""
        try:
            found = json.loads(self.statement)
        except ValueError as wrong:
            raise NotAReview("the statement is no JSON") from wrong
        if (
            not isinstance(found, dict)
            or found.get("what") != WHAT
            or not isinstance(found.get("accounts"), list)
        ):
            raise NotAReview("the statement is of something else than a review")
        return found

    def holds(self, *, certificate: bytes) -> bool:
        """Whether the key of that certificate (DER) signed the statement; the one in the file proves nothing."""
        return is_signed(self.statement, self.signature, certificate=certificate)


def signing_key(keyring: Keyring, *, now: datetime) -> DocumentKey:
    """The deployment's key for reviews, made when missing."""
    return document_key(keyring, "access-review", common_name="Rempart access reviews", now=now)


def written(review: SignedReview) -> bytes:
    """The file of a signed review."""
    pem = x509.load_der_x509_certificate(review.certificate).public_bytes(Encoding.PEM)
    said = {
        "statement": review.statement.decode(),
        "signature": review.signature.hex(),
        "certificate": pem.decode(),
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def read(content: bytes) -> SignedReview:
    """What a file holds. Raises NotAReview."""
    try:
        said = json.loads(content)
        certificate = x509.load_pem_x509_certificate(said["certificate"].encode())
        return SignedReview(
            statement=said["statement"].encode(),
            signature=bytes.fromhex(said["signature"]),
            certificate=certificate.public_bytes(Encoding.DER),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise NotAReview("no signed review") from wrong


def table(review: SignedReview) -> str:
    """The accounts of a review as CSV, for a spreadsheet; no cell is taken for a formula."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for account in review.said["accounts"]:
        writer.writerow(_cell(account.get(name)) for name in _COLUMNS)
    return file.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        value = " ".join(f"{name}:{day}" for name, day in sorted(value.items()))
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
