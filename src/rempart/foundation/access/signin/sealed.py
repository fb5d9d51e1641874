"""Secrets of second factors at rest: AES-256-GCM under a secret of the deployment, as text.

They belong to an account for as long as it lives, so their key has no expiry day. "1." names the version of
the seal; a copy of the database without the key store opens none of them.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rempart.foundation.vault import Keyring, SealBroken

_NONCE = 12
_VERSION = "1."
_SECRET = "second-factors"  # noqa: S105 -- the name of it
_BOUND_TO = b"rempart second factor"


def seal(text: str, *, keyring: Keyring) -> str:
    """The text, sealed; no two seals are alike."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(keyring.secret(_SECRET)).encrypt(nonce, text.encode(), _BOUND_TO)
    return _VERSION + base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, keyring: Keyring) -> str:
    """What was sealed. Raises SealBroken for anything else."""
    if not sealed.startswith(_VERSION):
        raise SealBroken("no seal of a second factor")
    try:
        packed = base64.b64decode(sealed[len(_VERSION) :], validate=True)
        return AESGCM(keyring.secret(_SECRET)).decrypt(packed[:_NONCE], packed[_NONCE:], _BOUND_TO).decode()
    except (ValueError, InvalidTag):
        raise SealBroken("the seal of a second factor does not open") from None
