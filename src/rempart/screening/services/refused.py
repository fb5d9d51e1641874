"""The bytes of a message that was held or rejected, as long as they are kept."""

from __future__ import annotations

from uuid import UUID

from rempart.foundation.vault import Keyring, Purpose, unseal


def bytes_of(sealed: bytes, *, delivery_id: UUID, position: int, keyring: Keyring) -> bytes:
    """The message as it was received. Raises SealBroken, and KeyDestroyed once its day has passed."""
    context = delivery_id.bytes + position.to_bytes(4, "big")
    return unseal(keyring, sealed, purpose=Purpose.DELIVERY, context=context)
