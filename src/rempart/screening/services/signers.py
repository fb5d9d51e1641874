"""The platform's own document signers, made at first start and kept in the vault."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from rempart.foundation.vault import Keyring, KeyStore, keyring_of
from rempart.proofs.signing import KeyMaterial, LocalSigner, make_document_signer
from rempart.proofs.trust import Usage

AUTHORITY = "DEM0"
CERTIFICATE_ID = "0001"
"""A 2D-DOC names its signer by these; the ministry's own names come with the ministry's own certificate."""

_VALIDITY = timedelta(days=2 * 365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    dcc: LocalSigner
    twoddoc: LocalSigner


@lru_cache(maxsize=4)
def signers(store: KeyStore) -> Signers:
    """The signers of the deployment whose keys these are, made when missing."""
    keyring = keyring_of(store)
    now = datetime.now(UTC).replace(microsecond=0)
    dcc = _signer(
        keyring,
        "signing-dcc",
        common_name="Rempart DSC 1",
        issuer="Rempart CSCA",
        now=now,
        usages=(Usage.TEST,),
    )
    twoddoc = _signer(keyring, "signing-2ddoc", common_name=CERTIFICATE_ID, issuer=AUTHORITY, now=now)
    return Signers(dcc=dcc, twoddoc=twoddoc)


def export_trust(store: KeyStore, folder: Path) -> list[Path]:
    """Write the public certificates, named as verifiers look for them; never a private key."""
    made = signers(store)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        folder / "rempart-dsc-1.der": made.dcc.certificate,
        folder / f"{AUTHORITY}{CERTIFICATE_ID}.der": made.twoddoc.certificate,
    }
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)


def _signer(
    keyring: Keyring,
    name: str,
    *,
    common_name: str,
    issuer: str,
    now: datetime,
    usages: tuple[Usage, ...] = (),
) -> LocalSigner:
    kept = keyring.load(name)
    if kept is None:
        made = make_document_signer(
            common_name=common_name,
            issuer_name=issuer,
            not_before=now,
            not_after=now + _VALIDITY,
            organization="Rempart",
            usages=usages,
        )
        document = json.dumps(
            [base64.b64encode(part).decode() for part in (made.private_key, made.certificate)]
        )
        kept = keyring.store(name, document.encode())
    private_key, certificate = (base64.b64decode(part) for part in json.loads(kept))
    return KeyMaterial(private_key=private_key, certificate=certificate).signer()
