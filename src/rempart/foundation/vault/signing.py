"""Keys that sign documents of the platform: ECDSA on P-256, each with a certificate of its own making.

Whoever keeps a certificate elsewhere needs to trust neither the database nor the page that gave him a document.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rempart.foundation.vault.keyring import Keyring

_VALIDITY = timedelta(days=10 * 365)


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """A key that signs, and its own certificate (DER)."""

    private: ec.EllipticCurvePrivateKey
    certificate: bytes

    def sign(self, statement: bytes) -> bytes:
        """The signature of the statement (ECDSA with SHA-256, DER)."""
        return self.private.sign(statement, ec.ECDSA(hashes.SHA256()))


def document_key(keyring: Keyring, name: str, *, common_name: str, now: datetime) -> DocumentKey:
    """The deployment's key of that name, made when missing."""
    kept = keyring.load(name) or keyring.store(name, _made(common_name, now))
    private, certificate = (base64.b64decode(part) for part in json.loads(kept))
    key = serialization.load_der_private_key(private, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"the key {name} is not one of an elliptic curve")
    return DocumentKey(key, certificate)


def is_signed(statement: bytes, signature: bytes, *, certificate: bytes) -> bool:
    """Whether the key of this certificate (DER) signed the statement."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _made(common_name: str, now: datetime) -> bytes:
    """A new key with its own certificate, as the key store keeps them."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _VALIDITY)
        .sign(private, hashes.SHA256())
    )
    parts = (
        private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate.public_bytes(serialization.Encoding.DER),
    )
    return json.dumps([base64.b64encode(part).decode() for part in parts]).encode()
