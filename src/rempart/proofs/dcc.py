"""EU Digital COVID Certificate: sign a content, open and judge any.

HCERT specification 1.0.5: claims in CBOR (CWT), COSE_Sign1, zlib, Base45, `HC1:`; content by the JSON
schema 1.3.x of the eHealth Network.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import cbor2

from rempart.proofs import base45, cose
from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.signing import Signer, load_certificate
from rempart.proofs.trust import TrustedKey, TrustList, Usage, key_id

PREFIX = "HC1:"
_ISSUER, _EXPIRES, _ISSUED, _HCERT, _DCC = 1, 4, 6, -260, 1
_MAX_TEXT = 8_192  # characters; the largest QR code holds 4,296
_MAX_CBOR = 65_536  # bytes after decompression; real ones stay under 1 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An EU DCC opened, not yet judged."""

    message: cose.Sign1
    issuer: str
    issued_at: datetime
    expires_at: datetime
    certificate: Mapping[object, object]  # the DCC itself, as decoded

    @property
    def usages(self) -> frozenset[Usage]:
        """The groups it fills: test, vaccination, recovery."""
        return frozenset(usage for usage in Usage if self.certificate.get(usage))

    def claims(self) -> dict[str, object]:
        """What it says, as JSON can hold it."""
        return {
            "iss": self.issuer,
            "iat": self.issued_at.isoformat(),
            "exp": self.expires_at.isoformat(),
            "kid": self.message.key_id.hex(),
            "alg": {cose.ES256: "ES256", cose.PS256: "PS256"}.get(self.message.algorithm or 0, "other"),
            "dcc": cose.to_json(self.certificate),
        }


def issue(
    certificate: Mapping[str, object],
    signer: Signer,
    *,
    issuer: str,
    issued_at: datetime,
    expires_at: datetime,
) -> str:
    """The `HC1:` text of a DCC content, signed with ES256.

    `issuer` is a country, ISO 3166-1 alpha-2. Times are cut to the second.
    """
    claims = {
        _ISSUER: issuer,
        _EXPIRES: int(expires_at.timestamp()),
        _ISSUED: int(issued_at.timestamp()),
        _HCERT: {_DCC: certificate},
    }
    message = cose.sign(cbor2.dumps(claims), signer, key_id(signer.certificate))
    return PREFIX + base45.encode(zlib.compress(message, 9))


def end_of_container(signer: Signer, *, issued_at: datetime, lifetime: timedelta) -> datetime:
    """When a container issued at an aware moment expires: after `lifetime`, never after its signer's certificate.

    HCERT 1.0.5, section 3.3.1: iat and exp lie within the validity of the signer's certificate. Raises ValueError
    when the certificate is not valid at that moment.
    """
    begins, ends = _validity(signer.certificate)
    if not begins <= issued_at <= ends:
        raise ValueError(f"The signer's certificate is valid from {begins} to {ends}, not at {issued_at}.")
    return min(issued_at + lifetime, ends)


@lru_cache(maxsize=8)
def _validity(certificate: bytes) -> tuple[datetime, datetime]:
    parsed = load_certificate(certificate)
    return parsed.not_valid_before_utc, parsed.not_valid_after_utc


def read(text: str) -> Envelope:
    """Open an `HC1:` text without judging it. Raises ContainerError, whatever the text."""
    if len(text) > _MAX_TEXT:
        raise ContainerError(Reason.TOO_LARGE)
    message = cose.open_sign1(_decompress(_decode_base45(text.removeprefix(PREFIX))))
    claims = cose.decode_cbor(message.payload)
    if not isinstance(claims, Mapping):
        raise ContainerError(Reason.BAD_CLAIMS)
    hcert = claims.get(_HCERT)
    certificate = hcert.get(_DCC) if isinstance(hcert, Mapping) else None
    if not isinstance(certificate, Mapping):
        raise ContainerError(Reason.BAD_CLAIMS)
    issuer = claims.get(_ISSUER)
    return Envelope(
        message=message,
        issuer=issuer if isinstance(issuer, str) else "",
        issued_at=_moment(claims.get(_ISSUED)),
        expires_at=_moment(claims.get(_EXPIRES)),
        certificate=certificate,
    )


def judge(envelope: Envelope, *, trust: TrustList, at: datetime) -> Reason:
    """Whether signature, key and dates hold at the moment `at` (aware); the first reason why not."""
    message = envelope.message
    if message.algorithm not in (cose.ES256, cose.PS256):
        return Reason.UNSUPPORTED_ALGORITHM
    if not message.key_id:
        return Reason.KEY_ID_MISSING
    candidates = trust.for_key_id(message.key_id)
    if not candidates:
        return Reason.KEY_UNKNOWN
    reasons = [_judge_key(key, envelope, at) for key in candidates if cose.verifies(message, key.public_key)]
    if not reasons:
        return Reason.BAD_SIGNATURE
    return Reason.OK if Reason.OK in reasons else reasons[0]


def _judge_key(key: TrustedKey, envelope: Envelope, at: datetime) -> Reason:
    if key.usages is not None and not (envelope.usages and envelope.usages <= key.usages):
        return Reason.KEY_USAGE
    if at < envelope.issued_at:
        return Reason.NOT_YET_VALID
    if at > envelope.expires_at:
        return Reason.EXPIRED
    if key.not_before is not None and min(at, envelope.issued_at) < key.not_before:
        return Reason.KEY_NOT_YET_VALID  # at that moment, or when it signed (HCERT 1.0.5, section 3.3.1)
    if key.not_after is not None and at > key.not_after:
        return Reason.KEY_EXPIRED
    return Reason.OK


def _decode_base45(text: str) -> bytes:
    try:
        return base45.decode(text)
    except ValueError as error:
        raise ContainerError(Reason.BAD_BASE45) from error


def _decompress(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, _MAX_CBOR)
    except zlib.error as error:
        raise ContainerError(Reason.BAD_COMPRESSION) from error
    if stream.unconsumed_tail:
        raise ContainerError(Reason.TOO_LARGE)
    if not stream.eof:
        raise ContainerError(Reason.BAD_COMPRESSION)
    return content


def _moment(value: object) -> datetime:
    """A NumericDate of a claim; some issuers send fractions. Raises ContainerError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise ContainerError(Reason.BAD_CLAIMS) from error
    raise ContainerError(Reason.BAD_CLAIMS)
