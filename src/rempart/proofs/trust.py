"""The keys that signatures are judged with: signers' certificates, or bare public keys.

An EU DCC names its signer by key identifier, the first 8 bytes of the SHA-256 of the certificate (DER).
A 2D-DOC names it by authority and certificate id (FR00, 0001), found in the file's name (FR000001.der) or
in the certificate (issuer CN, subject CN). Chains and revocation are the business of whoever makes the
list: what is in it is trusted.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_FILE_LIMIT = 8_000_000  # bytes; the list of a whole continent is under 1 MB
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----", re.DOTALL)
_DOCUMENT_NAME = re.compile(r"[A-Z0-9]{8}(?![A-Z0-9])")
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class TrustError(Exception):
    """A trust list that cannot be used; the message says which file and why."""


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


@dataclass(frozen=True, slots=True)
class TrustList:
    """Trusted keys, found by the names that certificates use. Empty: nothing is trusted."""

    keys: tuple[TrustedKey, ...]
    skipped: tuple[str, ...]  # files of the directory that hold no certificate and no public key
    _by_key_id: dict[bytes, list[TrustedKey]]
    _by_document: dict[str, list[TrustedKey]]

    @classmethod
    def of(cls, keys: Iterable[TrustedKey], *, skipped: Sequence[str] = ()) -> TrustList:
        keys = tuple(keys)
        by_key_id: dict[bytes, list[TrustedKey]] = defaultdict(list)
        by_document: dict[str, list[TrustedKey]] = defaultdict(list)
        for key in keys:
            by_key_id[key.key_id].append(key)
            for document in key.documents:
                by_document[document].append(key)
        return cls(keys, tuple(skipped), dict(by_key_id), dict(by_document))

    @classmethod
    def load(cls, path: Path) -> TrustList:
        """Read a file (PEM, with any number of blocks, or DER) or every file under a directory.

        Raises TrustError when the path cannot be read or holds nothing usable.
        """
        if not path.is_dir():
            keys = parse(_read(path), name=path.stem, source=str(path))
            if not keys:
                raise TrustError(f"{path} holds no certificate and no public key (PEM or DER).")
            return cls.of(keys)
        found: list[TrustedKey] = []
        skipped: list[str] = []
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            keys = parse(_read(file), name=file.stem, source=str(file))
            found.extend(keys)
            if not keys:
                skipped.append(str(file))
        if not found:
            raise TrustError(f"No file under {path} holds a certificate or a public key (PEM or DER).")
        return cls.of(found, skipped=skipped)

    def for_key_id(self, key_id: bytes) -> list[TrustedKey]:
        """Keys that may have signed an EU DCC: those of that identifier (there may be several), then bare ones."""
        return [*self._by_key_id.get(key_id, ()), *self._by_key_id.get(b"", ())]

    def for_document(self, authority: str, certificate_id: str) -> list[TrustedKey]:
        """Keys of a 2D-DOC signer."""
        return self._by_document.get(authority + certificate_id, [])


NOTHING = TrustList.of(())


def key_id(certificate: bytes) -> bytes:
    """The EU DCC key identifier of a certificate (DER)."""
    return hashlib.sha256(certificate).digest()[:8]


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
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    return keys


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except OSError as error:
        raise TrustError(f"Cannot read {path}: {error.strerror}.") from error
    if len(data) > _FILE_LIMIT:
        raise TrustError(f"{path} is larger than {_FILE_LIMIT // 1_000_000} MB: no list of certificates.")
    return data


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
    return TrustedKey(public_key=_supported(key), documents=documents, source=source)


def _of_certificate(certificate: x509.Certificate, documents: frozenset[str], source: str) -> TrustedKey:
    return TrustedKey(
        public_key=_supported(certificate.public_key()),
        source=source,
        key_id=key_id(certificate.public_bytes(serialization.Encoding.DER)),
        documents=documents | document_names(certificate),
        usages=_usages(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _supported(key: object) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise UnsupportedAlgorithm("Neither RSA nor one of the curves P-256, P-384, P-521.")


def document_names(certificate: x509.Certificate) -> frozenset[str]:
    """The 2D-DOC name a certificate carries: issuer CN (4 characters) and subject CN (4 characters)."""
    try:
        parts = [
            str(part.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            for part in (certificate.issuer, certificate.subject)
        ]
    except (ValueError, IndexError):
        return frozenset()
    name = "".join(parts).upper()
    if [len(part) for part in parts] != [4, 4] or not _DOCUMENT_NAME.fullmatch(name):
        return frozenset()
    return frozenset({name})


def _usages(certificate: x509.Certificate) -> frozenset[Usage] | None:
    """What the extended key usage restricts the key to; none of the health OIDs means no restriction.

    Some national certificates encode their extensions in a way `cryptography` refuses (ParseError, a
    ValueError): they count as without restriction, as HCERT says of an absent extension.
    """
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return None
    if not isinstance(extension, x509.ExtendedKeyUsage):
        return None
    return (
        frozenset(USAGE_OIDS[oid.dotted_string] for oid in extension if oid.dotted_string in USAGE_OIDS)
        or None
    )
