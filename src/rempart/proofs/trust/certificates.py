"""Signers' certificates and bare public keys in files: PEM or DER."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID, NameOID

from rempart.proofs.trust.keys import USAGE_OIDS, TrustedKey, Usage, key_id, supported

_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_DOCUMENT_NAME = re.compile(r"[A-Z0-9]{8,9}(?![A-Z0-9])")  # 9: the binary form has 5 for the certificate


def parse(data: bytes, *, name: str = "", source: str = "") -> list[TrustedKey]:
    """The certificates and public keys in a file's bytes, PEM or DER; empty when there is none.

    `name` is the file's name without suffix; when it starts with a 2D-DOC name, the keys get it. Private
    keys and what cannot be read are passed over.
    """
    match = _DOCUMENT_NAME.match(name.upper())
    documents = frozenset({match.group()} if match else ())
    keys = []
    for kind, block in _blocks(data):
        try:
            if kind == "CERTIFICATE":
                keys.append(_of_certificate(x509.load_pem_x509_certificate(block), documents, source))
            elif kind == "PUBLIC KEY":
                keys.append(_of_key(serialization.load_pem_public_key(block), documents, source))
            elif kind == "DER":
                keys.append(_of_der(block, documents, source))
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            continue
    return keys


def _blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    blocks = list(_PEM_BLOCK.finditer(data))
    if not blocks:
        yield "DER", data
    for block in blocks:
        yield block.group(1).decode("ascii"), block.group()


def _of_der(data: bytes, documents: frozenset[str], source: str) -> TrustedKey:
    try:
        certificate = x509.load_der_x509_certificate(data)
    except ValueError:
        return _of_key(serialization.load_der_public_key(data), documents, source)
    return _of_certificate(certificate, documents, source)


def _of_key(key: object, documents: frozenset[str], source: str) -> TrustedKey:
    # One that is named as a 2D-DOC signer is one: as a bare key it would be asked about every EU DCC.
    usages: frozenset[Usage] | None = frozenset() if documents else None
    return TrustedKey(public_key=supported(key), documents=documents, usages=usages, source=source)


def _of_certificate(certificate: x509.Certificate, documents: frozenset[str], source: str) -> TrustedKey:
    der = certificate.public_bytes(serialization.Encoding.DER)
    usages, own = _usages(certificate), document_names(certificate)
    if usages is None and own:
        usages = frozenset()  # its authority vouches for a signer of 2D-DOC, not of EU DCC
    elif usages is not None:
        own = frozenset()  # and here for one of EU DCC, of this kind
    return TrustedKey(
        public_key=supported(certificate.public_key()),
        source=source,
        certificate=der,
        key_id=key_id(der),
        documents=documents | own,
        usages=usages,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def document_names(certificate: x509.Certificate) -> frozenset[str]:
    """The 2D-DOC name a certificate carries: issuer CN (4 characters) and subject CN (4 or 5 characters)."""
    try:
        parts = [
            str(part.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            for part in (certificate.issuer, certificate.subject)
        ]
    except (ValueError, IndexError):
        return frozenset()
    name = "".join(parts).upper()
    if len(parts[0]) != 4 or not _DOCUMENT_NAME.fullmatch(name):
        return frozenset()
    return frozenset({name})


def _usages(certificate: x509.Certificate) -> frozenset[Usage] | None:
    """What the extended key usage restricts the key to; none of the health OIDs means no restriction.

    Some national certificates encode their extensions in a way `cryptography` refuses (ParseError, a
    ValueError): they count as without restriction, as HCERT says of an absent extension.
    """
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        return None
    if not isinstance(extension, x509.ExtendedKeyUsage):
        return None
    return (
        frozenset(USAGE_OIDS[oid.dotted_string] for oid in extension if oid.dotted_string in USAGE_OIDS)
        or None
    )
