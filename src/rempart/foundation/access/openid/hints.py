"""The identity token of a session, kept for the provider's logout, which asks for it back.

It says who somebody is, and sessions lie in the database: it is sealed under a key that dies the day after.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta

from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken, Sealer, unseal

_CONTEXT = b"openid id_token_hint"


def keep(id_token: str, *, keyring: Keyring, now: datetime) -> str:
    """A token as a session may keep it."""
    sealer = Sealer(keyring, Purpose.IDENTITY, now.date() + timedelta(days=1))
    return base64.b64encode(sealer.seal(id_token.encode(), context=_CONTEXT)).decode()


def kept(sealed: object, *, keyring: Keyring) -> str | None:
    """The token that a session kept, or None when there is none, or its day has passed."""
    if not isinstance(sealed, str):
        return None
    try:
        return unseal(
            keyring, base64.b64decode(sealed, validate=True), purpose=Purpose.IDENTITY, context=_CONTEXT
        ).decode()
    except (KeyDestroyed, SealBroken, binascii.Error, ValueError):
        return None
