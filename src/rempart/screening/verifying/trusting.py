"""What a browser needs to judge a certificate by itself: trusted public keys, what was revoked, the rule of the day."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

from rempart.foundation.vault import KeyStore
from rempart.proofs import control, trust, validity
from rempart.proofs.revocation import NOTHING_REVOKED, Revocations
from rempart.proofs.trust import TrustedKey
from rempart.screening.signing.signers import certificates

_REMEMBERED = 60  # seconds


def trusted(store: KeyStore, *, folder: Path, now: datetime) -> dict[str, Any]:
    """The list as JSON has it: our own signers', and what lies under `folder`: certificates and key lists in `keys`,
    revocation lists in `revoked`; either may be missing. Raises TrustError, RevocationError, KeyProviderError."""
    keys, revoked = _lists(store, folder, int(time.monotonic() / _REMEMBERED))
    rule = validity.domestic_pass(control.today(now))
    return {
        "made": now.isoformat(timespec="seconds"),
        "keys": keys,
        "revoked": revoked,
        "pass": {
            "naatHours": rule.naat_hours,
            "antigenHours": rule.antigen_hours,
            "positiveFirstDay": rule.positive_first_day,
            "positiveLastDay": rule.positive_last_day,
        },
    }


@lru_cache(maxsize=2)
def _lists(store: KeyStore, folder: Path, _minute: int) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    keys = [key for certificate in certificates(store) for key in trust.parse(certificate)]
    if (folder / "keys").is_dir():
        keys += trust.TrustList.load(folder / "keys").keys
    revoked = Revocations.load(folder / "revoked") if (folder / "revoked").is_dir() else NOTHING_REVOKED
    listed: dict[str, list[str]] = {}
    for key_id, fingerprint in revoked.listed():
        listed.setdefault(key_id.hex(), []).append(fingerprint.hex())
    # A key for SMART Health Cards has no key identifier, and would count as one that fits every EU DCC.
    return [written(key) for key in keys if not key.thumbprint], listed


def written(key: TrustedKey) -> dict[str, Any]:
    """A key as the browser takes it: JWK, hexadecimal, milliseconds."""
    return {
        "kid": key.key_id.hex(),
        "documents": sorted(key.documents),
        "jwk": _jwk(key.public_key),
        "usages": sorted(key.usages) if key.usages is not None else None,
        "from": _milliseconds(key.not_before),
        "until": _milliseconds(key.not_after),
    }


def _jwk(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> dict[str, Any]:
    made = RSAKey.import_key(_pem(key)) if isinstance(key, rsa.RSAPublicKey) else ECKey.import_key(_pem(key))
    return dict(made.as_dict(private=False))


def _pem(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
