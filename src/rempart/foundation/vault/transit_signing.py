"""Signature keys inside a transit engine: `ecdsa-p256`, never exportable, signatures as r‖s (`marshaling_algorithm` jws)."""

from __future__ import annotations

import base64
import re
from contextlib import AbstractContextManager
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.foundation.vault.engine import Engine
from rempart.foundation.vault.provider import ProviderRefused, TransitSettings
from rempart.foundation.vault.signatures import ElsewhereKey

_SIGNATURE = re.compile(r"vault:v1:([A-Za-z0-9_-]+={0,2})")


def make(settings: TransitSettings, *, name: str) -> None:
    """Make a key of that name; the engine keeps the one it has. Raises KeyProviderError."""
    with _asking(settings, name) as transit:
        transit.create_key(name, key_type="ecdsa-p256", exportable=False, mount_point=settings.mount)


def key(settings: TransitSettings, *, name: str) -> ec.EllipticCurvePrivateKey:
    """The key of that name. Raises ProviderRefused for one that could leave, or was rotated, and KeyProviderError.

    A rotated key would sign with another than the certificate says: a new certificate has a key of its own.
    """
    with _asking(settings, name) as transit:
        described = transit.read_key(name, mount_point=settings.mount)["data"]
        leaves = any(described.get(way) for way in ("allow_plaintext_backup", "imported_key"))
        fit = described["type"] == "ecdsa-p256" and described["exportable"] is False and not leaves
        only = int(described["latest_version"]) == 1
        pem = str(described["keys"]["1"]["public_key"]) if fit and only else ""
    if not pem:
        raise ProviderRefused(f"transit key {name} must be ecdsa-p256, not exportable, never rotated")
    public = serialization.load_pem_public_key(pem.encode())
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise ProviderRefused(f"transit key {name} is not one of an elliptic curve")

    def sign(message: bytes) -> bytes:
        with _asking(settings, name) as transit:
            answer = transit.sign_data(
                name,
                hash_input=base64.b64encode(message).decode(),
                hash_algorithm="sha2-256",
                marshaling_algorithm="jws",
                mount_point=settings.mount,
            )
            found = _SIGNATURE.fullmatch(answer["data"]["signature"])
            if found is None:
                raise ValueError("no signature of a transit engine")
            return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))

    return ElsewhereKey(public, sign)


def _asking(settings: TransitSettings, name: str) -> AbstractContextManager[Any]:
    return Engine(settings).asking(
        f"signature key {name}",
        missing=f"key {name}: the certificate that is in force needs it, bring it back",
        invalid="it signs nothing with this key",
    )
