"""COSE_Sign1 (RFC 9052) for health certificates: opened within limits, signed and verified.

Kept to what the HCERT specification (1.0.5, sections 2 and 3) uses: ES256 and PS256, key identifier in
either header, the content attached. CBOR is read without its extensions: tags on plain values are dropped
(a date stays the text or number it was, a big number its bytes), shared references are refused.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.signing import Signer, der_signature
from rempart.proofs.trust import PublicKey

ES256 = -7
PS256 = -37
_ES256_CURVE, _ES256_BITS = "secp256r1", 256
_ALGORITHM, _KEY_ID = 1, 4
_SIGN1_TAG, _CWT_TAG = 18, 61
_MAX_DEPTH = 16
_PLAIN_TAGS = (0, 1, 2, 3, 4, 5, 30, 35, 36, 37, 100, 258, 260, 261, 1004, 43000)
_REFERENCE_TAGS = (25, 28, 29, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign1:
    """A COSE_Sign1 message as transmitted."""

    protected: bytes  # the header as it was signed
    payload: bytes
    signature: bytes
    algorithm: int | None
    key_id: bytes
    key_id_signed: bool  # else anybody may have written it


def sign(payload: bytes, signer: Signer, key_id: bytes) -> bytes:
    """A tagged COSE_Sign1 with ES256 and `key_id` in the protected header. The signer's curve must be P-256."""
    if signer.key_size != 256:
        raise ValueError("ES256 needs a key on P-256 (HCERT 1.0.5, section 3.1).")
    protected = protected_header(key_id)
    signature = signer.sign(_to_be_signed(protected, payload))
    return cbor2.dumps(cbor2.CBORTag(_SIGN1_TAG, [protected, {}, payload, signature]))


@lru_cache(maxsize=8)
def protected_header(key_id: bytes) -> bytes:
    """The protected header of whatever is signed with ES256 under a key identifier."""
    return cbor2.dumps({_ALGORITHM: ES256, _KEY_ID: key_id})


def open_sign1(data: bytes) -> Sign1:
    """Read a message tagged 18, 61(18), or not at all. Raises ContainerError."""
    message = decode_cbor(data)
    for tag in (_CWT_TAG, _SIGN1_TAG):
        if isinstance(message, cbor2.CBORTag) and message.tag == tag:
            message = message.value
    match message:
        case [bytes(protected), unprotected, bytes(payload), bytes(signature)] if isinstance(
            unprotected, Mapping
        ):
            pass
        case _:
            raise ContainerError(Reason.BAD_COSE)
    header = decode_cbor(protected) if protected else {}
    if not isinstance(header, Mapping):
        raise ContainerError(Reason.BAD_COSE)
    merged = {**unprotected, **header}  # what is protected wins
    algorithm, key_id = merged.get(_ALGORITHM), merged.get(_KEY_ID)
    return Sign1(
        protected=protected,
        payload=payload,
        signature=signature,
        algorithm=algorithm if isinstance(algorithm, int) else None,
        key_id=key_id if isinstance(key_id, bytes) else b"",
        key_id_signed=_KEY_ID in header,
    )


def verifies(message: Sign1, key: PublicKey) -> bool:
    """Whether `key` made the signature, with the algorithm the message names (ES256 or PS256)."""
    signed = _to_be_signed(message.protected, message.payload)
    try:
        if message.algorithm == ES256 and isinstance(key, ec.EllipticCurvePublicKey):
            # HCERT 1.0.5, section 3.3.2, means P-256, where RFC 9053 leaves the curve open.
            signature = der_signature(message.signature, _ES256_BITS)
            if signature is None or key.curve.name != _ES256_CURVE:
                return False
            key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        elif message.algorithm == PS256 and isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
            key.verify(message.signature, signed, pss, hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def decode_cbor(data: bytes) -> object:
    """Plain values of a CBOR item and nothing after it: no dates, no patterns, no shared references. Raises ContainerError."""
    decoder = cbor2.CBORDecoder(
        io.BytesIO(data), max_depth=_MAX_DEPTH, allow_duplicate_keys=False, semantic_decoders=_DECODERS
    )
    try:
        item: object = decoder.decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ContainerError(Reason.BAD_CBOR) from error
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return item
    raise ContainerError(Reason.BAD_CBOR)


def to_json(value: object) -> object:
    """A decoded value as JSON can hold it: bytes in hexadecimal, keys as text, no infinities."""
    match value:
        case str() | bool() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case bytes():
            return value.hex()
        case Mapping():
            return {
                key if isinstance(key, str) else str(to_json(key)): to_json(item)
                for key, item in value.items()
            }
        case list() | tuple():
            return [to_json(item) for item in value]
        case cbor2.CBORTag():
            return {f"tag {value.tag}": to_json(value.value)}
        case _:
            return None  # undefined, and simple values that nobody assigned


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])


def _keep(value: object, _immutable: bool) -> object:
    return value


def _refuse(_value: object, _immutable: bool) -> object:
    raise ValueError("Shared references have no place in a certificate.")


_DECODERS = dict.fromkeys(_PLAIN_TAGS, _keep) | dict.fromkeys(_REFERENCE_TAGS, _refuse)
