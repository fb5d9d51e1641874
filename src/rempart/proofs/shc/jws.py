"""The container: JSON, minified, raw DEFLATE, compact JWS with ES256 (RFC 7515), and the digits of its QR code."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.signing import Signer, load_certificate
from rempart.proofs.trust.jwks import thumbprint
from rempart.proofs.trust.keys import supported

PREFIX = "shc:/"
LONGEST = 1_195  # characters of a JWS in one QR code of version 22, the largest the framework allows
_MAX_TEXT = 16_384  # characters; beyond two hundred times what a test needs after it is unpacked
_MAX_PAYLOAD = 65_536  # bytes after decompression; those of tests stay under 1 kB
_FIRST = ord("-")  # the lowest character of a JWS is the digits 00
_DIGITS = {chr(code): f"{code - _FIRST:02}" for code in range(_FIRST, ord("z") + 1)}
_CHARACTERS = {int.from_bytes(digits.encode(), "big"): character for character, digits in _DIGITS.items()}
_PART = re.compile(r"\d+/\d+/", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A JWS as transmitted, its payload unpacked."""

    header: Mapping[str, object]
    payload: Mapping[str, object]
    length: int  # characters
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def sign(payload: Mapping[str, object], signer: Signer) -> str:
    """The compact JWS of a payload. The signer's key must be on P-256 (ValueError)."""
    if signer.key_size != 256:
        raise ValueError("A SMART Health Card is signed with a key on P-256.")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(_minified(payload)) + packer.flush()
    signed = f"{_header(signer.certificate)}.{_encode(packed)}"
    return f"{signed}.{_encode(signer.sign(signed.encode('ascii')))}"


def digits(jws: str) -> str:
    """A JWS as its QR code says it."""
    return PREFIX + "".join(map(_DIGITS.__getitem__, jws))


def from_digits(text: str) -> str:
    """The JWS of a QR code's text. Raises ContainerError."""
    if len(text) > _MAX_TEXT:
        raise ContainerError(Reason.TOO_LARGE)
    number = text.removeprefix(PREFIX)
    if _PART.match(number):
        raise ContainerError(Reason.ONE_PART)
    try:
        pairs = struct.unpack(f">{len(number) // 2}H", number.encode("ascii"))
        return "".join(map(_CHARACTERS.__getitem__, pairs))
    except (UnicodeEncodeError, struct.error, KeyError) as error:
        raise ContainerError(Reason.BAD_CHARACTERS) from error


def open_token(jws: str) -> Token:
    """Take a JWS apart. Raises ContainerError."""
    parts = jws.split(".")
    if len(parts) != 3:
        raise ContainerError(Reason.BAD_JWS)
    header = _json(_decode(parts[0]), Reason.BAD_JWS)
    if "crit" in header:  # RFC 7515, 4.1.11: what must be understood, and is not
        raise ContainerError(Reason.BAD_JWS)
    packed = _decode(parts[1])
    content = _unpack(packed) if header.get("zip") == "DEF" else packed
    return Token(
        header=header,
        payload=_json(content, Reason.BAD_CLAIMS),
        length=len(jws),
        signed=f"{parts[0]}.{parts[1]}".encode("ascii"),
        signature=_decode(parts[2]),
    )


@lru_cache(maxsize=8)
def _header(certificate: bytes) -> str:
    kid = thumbprint(supported(load_certificate(certificate).public_key()))
    return _encode(_minified({"zip": "DEF", "alg": "ES256", "kid": kid}))


def _minified(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _unpack(data: bytes) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = stream.decompress(data, _MAX_PAYLOAD)
    except zlib.error as error:
        raise ContainerError(Reason.BAD_COMPRESSION) from error
    if stream.unconsumed_tail:
        raise ContainerError(Reason.TOO_LARGE)
    if not stream.eof or stream.unused_data:
        raise ContainerError(Reason.BAD_COMPRESSION)
    return content


def _json(data: bytes, reason: Reason) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ContainerError(reason) from error
    if not isinstance(value, dict):
        raise ContainerError(reason)
    return value


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """The bytes of base64url, only as an encoder writes them: no padding, no bits that say nothing (RFC 4648, 3.5)."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ContainerError(Reason.BAD_JWS) from error
    if _encode(data) != text:
        raise ContainerError(Reason.BAD_JWS)
    return data
