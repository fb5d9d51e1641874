"""Keys of SMART Health Card issuers: JSON Web Key Sets (RFC 7517), known by their thumbprint (RFC 7638).

An issuer publishes its set at `<issuer>/.well-known/jwks.json`. Off line nothing shows where a set came from, so a set
may name its issuer in a member `issuer` of its own; the directories of VCI, which list many issuers, are read as well.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs.trust.keys import PublicKey, TrustedKey

_CURVE, _BYTES = "P-256", 32


def parse(data: bytes, *, source: str = "") -> list[TrustedKey]:
    """The P-256 signing keys of a key set or a VCI directory; empty when it is neither. What cannot be used is passed over."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return []
    found = []
    for issuer, keys in _sets(content):
        for key in keys if isinstance(keys, list) else ():
            public_key = _public_key(key)
            if public_key is not None and key.get("kid") == (name := thumbprint(public_key)):
                issuers = frozenset({issuer}) if isinstance(issuer, str) else None
                found.append(
                    TrustedKey(public_key=public_key, thumbprint=name, issuers=issuers, source=source)
                )
    return found


def key_set(keys: Iterable[ec.EllipticCurvePublicKey], *, issuer: str) -> bytes:
    """The key set (JSON) of an issuer for these P-256 keys, to be published and to be trusted."""
    content = {"issuer": issuer, "keys": [_jwk(key) for key in keys]}
    return json.dumps(content, indent=1).encode("ascii")


def thumbprint(key: PublicKey) -> str:
    """The SHA-256 thumbprint of a P-256 key, in base64url; empty for any other key."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size != _BYTES * 8:
        return ""
    members = {"crv": _CURVE, "kty": "EC", **_coordinates(key)}  # RFC 7638: these only, in this order
    canonical = json.dumps(members, separators=(",", ":")).encode("ascii")
    return _encode(hashlib.sha256(canonical).digest())


def _sets(content: object) -> Iterator[tuple[object, object]]:
    if not isinstance(content, dict):
        return
    if "keys" in content:
        yield content.get("issuer"), content["keys"]
    directory = content.get("issuerInfo")
    for entry in directory if isinstance(directory, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("issuer"), dict):
            yield entry["issuer"].get("iss", ""), entry.get("keys")


def _public_key(key: object) -> ec.EllipticCurvePublicKey | None:
    match key:
        case {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": str(x), "y": str(y)}:
            try:
                numbers = ec.EllipticCurvePublicNumbers(_number(x), _number(y), ec.SECP256R1())
                return numbers.public_key()
            except ValueError:
                return None
    return None


def _jwk(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    kid = thumbprint(key)
    if not kid:
        raise ValueError("A SMART Health Card is signed with a key on P-256.")
    return {"kty": "EC", "kid": kid, "use": "sig", "alg": "ES256", "crv": _CURVE, **_coordinates(key)}


def _coordinates(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {
        name: _encode(value.to_bytes(_BYTES, "big")) for name, value in (("x", numbers.x), ("y", numbers.y))
    }


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _number(text: str) -> int:
    """A number in base64url. Raises ValueError."""
    return int.from_bytes(
        base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big"
    )
