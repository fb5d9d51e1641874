"""The ceremony: a key is made, asked a certificate for, and takes over when the certificate comes; a lost one is withdrawn.

Every step is written down, with the certificate's fingerprint, in a journal beside the keys: the service may stand on a
machine that has no database.
"""

from __future__ import annotations

import getpass
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from rempart.foundation.vault import KeyStore, keyring_of
from rempart.foundation.vault.signatures import signature_key
from rempart.proofs.signing import load_certificate
from rempart.proofs.trust import document_names
from rempart.screening.signing.keys import Kind, SigningKey, certify, in_force, keys_of, make

RENEW_BEFORE = timedelta(days=60)
"""How long before its end a certificate is renewed: an authority takes weeks."""


class NotInstalled(ValueError):
    """A certificate that is not taken; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A key as the operator sees it; `ends` is None while it waits for its certificate."""

    name: str
    provider: str
    subject: str
    fingerprint: str  # SHA-256 of the certificate, hexadecimal
    begins: datetime | None
    ends: datetime | None
    signs: bool
    to_do: str  # empty: nothing


def request(store: KeyStore, kind: Kind, *, subject: x509.Name, now: datetime) -> tuple[SigningKey, bytes]:
    """Make a key, and the request for its certificate (PKCS#10, PEM), which goes to the authority. Raises KeyProviderError."""
    key = make(store, kind)
    asked = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(signature_key(key.held, store), hashes.SHA256())
    )
    _note(store, "requested", key.name, now=now, subject=subject.rfc4514_string())
    return key, asked.public_bytes(serialization.Encoding.PEM)


def install(store: KeyStore, certificate: bytes, *, now: datetime) -> SigningKey:
    """Keep a certificate (PEM or DER) beside the key that it is of; it signs from its first day on. Raises NotInstalled."""
    try:
        parsed = load_certificate(certificate)
    except ValueError as why:
        raise NotInstalled("This is no certificate, PEM or DER.") from why
    waiting = [key for kind in Kind for key in keys_of(store, kind) if not key.certificate]
    public = parsed.public_key()
    key = next((key for key in waiting if signature_key(key.held, store).public_key() == public), None)
    if key is None:
        raise NotInstalled(
            "No key waits for this certificate: `rempart signing status` lists those that wait."
        )
    if parsed.not_valid_after_utc <= now:
        raise NotInstalled(f"It ended on {parsed.not_valid_after_utc:%Y-%m-%d}.")
    if key.kind is Kind.TWODDOC and not any(len(name) == 8 for name in document_names(parsed)):
        raise NotInstalled(
            "A 2D-DOC signer has 4-character names: issuer CN such as FR00, subject CN such as 0001."
        )
    installed = certify(store, key, parsed.public_bytes(serialization.Encoding.DER))
    _note(store, "installed", key.name, now=now, fingerprint=_fingerprint(parsed))
    return installed


def withdraw(store: KeyStore, name: str, *, now: datetime) -> None:
    """Forget a key for ever, private half included: somebody else may have it. Raises LookupError.

    One inside an HSM or an engine is forgotten here, and destroyed there with their own tools.
    """
    key = next((key for kind in Kind for key in keys_of(store, kind) if key.name == name), None)
    if key is None:
        raise LookupError(name)
    keyring_of(store).discard(key.documents)
    _note(store, "withdrawn", name, now=now)


def standing(store: KeyStore, *, now: datetime) -> list[Standing]:
    """Every key, oldest first of each kind, and what is to be done about it."""
    found: list[Standing] = []
    for kind in Kind:
        keys = keys_of(store, kind)
        signs = in_force(keys, now) if any(key.is_in_force(now) for key in keys) else None
        newest_end = max((key.parsed.not_valid_after_utc for key in keys if key.parsed), default=None)
        found += [_standing(key, signs=key is signs, newest_end=newest_end, now=now) for key in keys]
    return found


def subject_of(*, country: str, organization: str, common_name: str) -> x509.Name:
    """The subject that is asked for. Raises ValueError for what a name cannot hold."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _standing(key: SigningKey, *, signs: bool, newest_end: datetime | None, now: datetime) -> Standing:
    parsed = key.parsed
    to_do = ""
    if parsed is None:
        to_do = "send its request to the authority, then: rempart signing install"
    elif signs and newest_end is not None and newest_end - now < RENEW_BEFORE:
        to_do = "renew: rempart signing request"
    return Standing(
        name=key.name,
        provider=key.held.provider,
        subject=parsed.subject.rfc4514_string() if parsed else "",
        fingerprint=_fingerprint(parsed) if parsed else "",
        begins=parsed.not_valid_before_utc if parsed else None,
        ends=parsed.not_valid_after_utc if parsed else None,
        signs=signs,
        to_do=to_do,
    )


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _note(store: KeyStore, done: str, name: str, *, now: datetime, **details: str) -> None:
    line = {
        "at": now.isoformat(timespec="seconds"),
        "by": getpass.getuser(),
        "done": done,
        "key": name,
        **details,
    }
    with (store.root / "signing-journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(line) + "\n")
