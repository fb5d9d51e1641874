"""Keys that sign: the interface, a key held in memory, and certificates for tests and demonstrations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID

from rempart.proofs.trust import USAGE_OIDS, Usage

_HASHES: dict[int, type[hashes.HashAlgorithm]] = {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}
_ALGORITHMS = {size: ec.ECDSA(hash_()) for size, hash_ in _HASHES.items()}


class Signer(Protocol):
    """Who can sign: a key in memory (`LocalSigner`), or one that never leaves a vault or an HSM."""

    @property
    def certificate(self) -> bytes:
        """The signer's certificate, DER."""

    @property
    def key_size(self) -> int:
        """256, 384 or 521: the NIST curve of the key."""

    def sign(self, message: bytes) -> bytes:
        """ECDSA of `message` with the hash of the curve (SHA-256, 384, 512), as raw r‖s of fixed length."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """An ECDSA private key with its certificate (DER): in this process's memory, or a handle that signs elsewhere."""

    private_key: ec.EllipticCurvePrivateKey
    certificate: bytes

    @classmethod
    def load(cls, private_key: bytes, certificate: bytes, *, password: bytes | None = None) -> LocalSigner:
        """From a private key (PKCS#8 or SEC 1) and a certificate, each PEM or DER.

        Raises ValueError when one cannot be read, is not of a supported curve, or when they do not match.
        """
        key = _load_private_key(private_key, password)
        parsed = load_certificate(certificate)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.key_size not in _HASHES:
            raise ValueError("The private key is not an ECDSA key on P-256, P-384 or P-521.")
        if parsed.public_key() != key.public_key():
            raise ValueError("The certificate is not that of the private key.")
        return cls(key, parsed.public_bytes(serialization.Encoding.DER))

    @property
    def key_size(self) -> int:
        return self.private_key.curve.key_size

    def sign(self, message: bytes) -> bytes:
        size = self.key_size
        return raw_signature(self.private_key.sign(message, _ALGORITHMS[size]), size)


def load_certificate(data: bytes) -> x509.Certificate:
    """A certificate from PEM or DER. Raises ValueError."""
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except x509.InvalidVersion as error:  # the one fault of a certificate that is no ValueError
        raise ValueError(str(error)) from error


def _load_private_key(data: bytes, password: bytes | None) -> object:
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return serialization.load_pem_private_key(data, password)
        return serialization.load_der_private_key(data, password)
    except TypeError as error:  # a password is missing, or one was given for a key in clear
        raise ValueError(str(error)) from error


def curve_hash(key_size: int) -> hashes.HashAlgorithm:
    """The hash that goes with a curve: SHA-256 for P-256, SHA-384 for P-384, SHA-512 for P-521."""
    return _HASHES[key_size]()


def raw_signature(der: bytes, key_size: int) -> bytes:
    """The r‖s form of a DER signature, each half of the curve's length."""
    half = (key_size + 7) // 8
    r, s = decode_dss_signature(der)
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def der_signature(raw: bytes, key_size: int) -> bytes | None:
    """The DER form of an r‖s signature; None when its length is not that of the curve."""
    half = (key_size + 7) // 8
    if len(raw) != 2 * half:
        return None
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """A private key and its certificate, ready to be kept: PKCS#8 DER in clear (wrap it), and DER."""

    private_key: bytes
    certificate: bytes

    def signer(self) -> LocalSigner:
        return LocalSigner.load(self.private_key, self.certificate)


def make_document_signer(
    *,
    common_name: str,
    issuer_name: str,
    not_before: datetime,
    not_after: datetime,
    country: str = "FR",
    organization: str = "",
    usages: tuple[Usage, ...] = (),
    authority: KeyMaterial | None = None,
) -> KeyMaterial:
    """Make a P-256 key and its certificate for tests and demonstrations.

    For a 2D-DOC, `issuer_name` is the authority (4 characters, `FR00` style) and `common_name` the certificate
    id (4 characters). `usages` restricts an EU DCC signer. Without `authority` the certificate is signed by
    its own key: nobody outside trusts it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    authority_key = None
    if authority is not None:
        loaded = serialization.load_der_private_key(authority.private_key, None)
        authority_key = cast("ec.EllipticCurvePrivateKey", loaded)
    certificate = document_certificate(
        key,
        common_name=common_name,
        issuer_name=issuer_name,
        not_before=not_before,
        not_after=not_after,
        country=country,
        organization=organization,
        usages=usages,
        authority_key=authority_key,
    )
    return KeyMaterial(
        private_key=key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate=certificate,
    )


def document_certificate(
    key: ec.EllipticCurvePrivateKey,
    *,
    common_name: str,
    issuer_name: str,
    not_before: datetime,
    not_after: datetime,
    country: str = "FR",
    organization: str = "",
    usages: tuple[Usage, ...] = (),
    authority_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A certificate (DER) of this key, signed by the authority's or else by itself; names as in `make_document_signer`."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name, country, organization))
        .issuer_name(_name(issuer_name, country, organization))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(_SIGNATURE_ONLY, critical=True)
    )
    if usages:
        oids = [
            x509.ObjectIdentifier(oid)
            for oid, usage in USAGE_OIDS.items()
            if usage in usages and ".0." not in oid
        ]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=False)
    return builder.sign(authority_key or key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


_SIGNATURE_ONLY = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _name(common_name: str, country: str, organization: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
