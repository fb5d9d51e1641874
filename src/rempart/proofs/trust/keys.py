"""A key that is trusted, and what its certificate says of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class Usage(StrEnum):
    """What a signer may sign; the values are the entry names of the EU DCC."""

    TEST = "t"
    VACCINATION = "v"
    RECOVERY = "r"


# HCERT specification, appendix A.4; 1.3.6.1.4.1.0.1847 is a widespread slip that verifiers must accept.
USAGE_OIDS: dict[str, Usage] = {
    f"{arc}.1847.2021.1.{rank}": usage
    for arc in ("1.3.6.1.4.1", "1.3.6.1.4.1.0")
    for rank, usage in enumerate((Usage.TEST, Usage.VACCINATION, Usage.RECOVERY), start=1)
}


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to another, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key, and what its certificate says of it."""

    public_key: PublicKey
    source: str = ""  # the file it came from
    key_id: bytes = b""  # 8 bytes; empty for a bare key, which fits any key identifier
    documents: frozenset[str] = frozenset()  # 2D-DOC names, authority + certificate id
    usages: frozenset[Usage] | None = None  # None: whatever
    not_before: datetime | None = None
    not_after: datetime | None = None
    certificate: bytes = b""  # DER; empty for a bare key
    vouched: tuple[Period, ...] | None = None  # by an authority of a list (`tsl`); None: trusted for itself
    revoked: bool = False  # by its authority
    thumbprint: str = ""  # of a SMART Health Card key (RFC 7638), which signs nothing else
    issuers: frozenset[str] | None = None  # of such a key: addresses it may sign for; None: any


def key_id(certificate: bytes) -> bytes:
    """The EU DCC key identifier of a certificate (DER)."""
    return hashlib.sha256(certificate).digest()[:8]


def supported(key: object) -> PublicKey:
    """`key` when a certificate may be signed with it. Raises UnsupportedAlgorithm."""
    if isinstance(key, rsa.RSAPublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise UnsupportedAlgorithm("Neither RSA nor one of the curves P-256, P-384, P-521.")
