"""Who signs, for whoever issues certificates: the keys of this deployment, or the service that holds them apart."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from rempart.foundation.vault import KeyStore
from rempart.proofs.signing import Signer, load_certificate
from rempart.proofs.trust import document_names
from rempart.screening.signing.keys import Kind, in_force, keys_of, make, vouch_for_itself
from rempart.screening.signing.remote import SigningService

_REMEMBERED = 60  # seconds; so long may a new certificate take to come into force by itself
_ASKED_BEFORE = timedelta(minutes=1)
"""The first key is made while somebody waits for a certificate, who read his clock a moment ago: it holds since then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    dcc: Signer
    twoddoc: Signer


def signers(store: KeyStore) -> Signers:
    """The signers of the deployment whose keys these are. Where there has never been a key, one that vouches for itself is
    made. Raises NoSigner when every certificate has ended, and KeyProviderError."""
    return _signers(store, int(time.monotonic() / _REMEMBERED))


@lru_cache(maxsize=4)
def _signers(store: KeyStore, _minute: int) -> Signers:
    if store.signing_socket is not None:
        service = SigningService(store.signing_socket)
        return Signers(dcc=service.signer(Kind.DCC), twoddoc=service.signer(Kind.TWODDOC))
    now = datetime.now(UTC)
    return Signers(dcc=local_signer(store, Kind.DCC, now), twoddoc=local_signer(store, Kind.TWODDOC, now))


def local_signer(store: KeyStore, kind: Kind, now: datetime) -> Signer:
    """The signer of that kind whose key is ours."""
    keys = keys_of(store, kind)
    if not keys:
        keys = [vouch_for_itself(store, make(store, kind), now.replace(microsecond=0) - _ASKED_BEFORE)]
    return in_force(keys, now).signer(store)


def certificates(store: KeyStore) -> list[bytes]:
    """The certificates (DER) that sign or signed, as far as this deployment has them. Raises KeyProviderError."""
    current = signers(store)
    found = {current.dcc.certificate, current.twoddoc.certificate}
    if store.signing_socket is None:
        found |= {key.certificate for kind in Kind for key in keys_of(store, kind) if key.certificate}
    return sorted(found)


def export_trust(store: KeyStore, folder: Path) -> list[Path]:
    """Write these certificates, named as verifiers look for them; never a private key."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for certificate in certificates(store):
        parsed = load_certificate(certificate)
        name = next(iter(document_names(parsed)), f"dsc-{parsed.serial_number:x}")
        files.append(folder / f"{name}.der")
        files[-1].write_bytes(certificate)
    return files
