"""The keys that sign certificates: each with the certificate that somebody vouches for it with, or still waiting for it.

A key is made, requested for, and signs while its certificate is in force; a younger certificate takes over by itself. What
is kept of a key is never written again: its certificate comes beside it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509

from rempart.foundation.vault import KeyProviderError, Keyring, KeyStore, Provider, keyring_of
from rempart.foundation.vault.signatures import Held, make_signature_key, signature_key
from rempart.proofs.signing import LocalSigner, document_certificate
from rempart.proofs.trust import Usage

AUTHORITY = "DEM0"
CERTIFICATE_ID = "0001"
"""How a 2D-DOC of a deployment names its signer before the ministry's own certificate comes with the ministry's names."""

_VALIDITY = timedelta(days=2 * 365)
_NAME = re.compile(r"document/signing-(dcc|2ddoc)(?:-([1-9][0-9]{0,3}))?")


class Kind(StrEnum):
    """What is signed."""

    DCC = "dcc"
    TWODDOC = "2ddoc"


class NoSigner(KeyProviderError):
    """Nothing can be signed: every certificate of that kind has ended, or is to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key and its certificate (DER); empty while it waits for one."""

    kind: Kind
    number: int
    held: Held
    certificate: bytes

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}"

    @property
    def documents(self) -> tuple[str, str]:
        """What of the key store is its own."""
        return _document(self.kind, self.number), _certificate(self.kind, self.number)

    @property
    def parsed(self) -> x509.Certificate | None:
        return x509.load_der_x509_certificate(self.certificate) if self.certificate else None

    def is_in_force(self, now: datetime) -> bool:
        parsed = self.parsed
        return parsed is not None and parsed.not_valid_before_utc <= now < parsed.not_valid_after_utc

    def signer(self, store: KeyStore) -> LocalSigner:
        """Raises KeyProviderError."""
        return LocalSigner(signature_key(self.held, store), self.certificate)


def keys_of(store: KeyStore, kind: Kind) -> list[SigningKey]:
    """Every key of that kind, oldest first."""
    keyring = keyring_of(store)
    return [_read(keyring, kind, number) for number in sorted(_numbers(keyring.names(), kind))]


def in_force(keys: Iterable[SigningKey], now: datetime) -> SigningKey:
    """The one that signs now: of those in force, the one whose certificate began last. Raises NoSigner."""
    found = [
        (key.parsed.not_valid_before_utc, key.number, key)
        for key in keys
        if key.parsed and key.is_in_force(now)
    ]
    if not found:
        raise NoSigner("no certificate to sign with is in force: docs/runbook/signing.md")
    return max(found)[2]


def make(store: KeyStore, kind: Kind) -> SigningKey:
    """A new key, which waits for its certificate. Raises KeyProviderError."""
    keyring = keyring_of(store)
    number = max(_numbers(keyring.names(), kind), default=0) + 1
    held = make_signature_key(store, name=f"rempart-signing-{kind}-{number}")
    keyring.store(_document(kind, number), held.written().encode())
    return _read(keyring, kind, number)


def certify(store: KeyStore, key: SigningKey, certificate: bytes) -> SigningKey:
    """Keep the certificate (DER) of a key; one that it has already stays."""
    keyring = keyring_of(store)
    keyring.store(_certificate(key.kind, key.number), certificate)
    return _read(keyring, key.kind, key.number)


def vouch_for_itself(store: KeyStore, key: SigningKey, now: datetime) -> SigningKey:
    """Give a key a certificate signed by itself, which nobody outside trusts: for a first start and for tests."""
    is_dcc = key.kind is Kind.DCC
    certificate = document_certificate(
        signature_key(key.held, store),
        common_name=f"Rempart DSC {key.number}" if is_dcc else CERTIFICATE_ID,
        issuer_name="Rempart CSCA" if is_dcc else AUTHORITY,
        not_before=now,
        not_after=now + _VALIDITY,
        organization="Rempart",
        usages=(Usage.TEST, Usage.RECOVERY) if is_dcc else (),
    )
    return certify(store, key, certificate)


def _numbers(names: Iterable[str], kind: Kind) -> Iterator[int]:
    for name in names:
        found = _NAME.fullmatch(name)
        if found is not None and found[1] == kind:
            yield int(found[2] or 1)


def _read(keyring: Keyring, kind: Kind, number: int) -> SigningKey:
    written = keyring.load(_document(kind, number)) or b""
    fields = json.loads(written)
    if len(fields) == 2:  # of the first version, which kept both together
        private, certificate = (base64.b64decode(part) for part in fields)
        held = Held(provider=Provider.FILE, name=f"{kind}-1", private=private)
    else:
        held = Held.read(written.decode())
        certificate = keyring.load(_certificate(kind, number)) or b""
    return SigningKey(kind=kind, number=number, held=held, certificate=certificate)


def _document(kind: Kind, number: int) -> str:
    return f"signing-{kind}" if number == 1 else f"signing-{kind}-{number}"


def _certificate(kind: Kind, number: int) -> str:
    return f"certificate-{kind}-{number}"
