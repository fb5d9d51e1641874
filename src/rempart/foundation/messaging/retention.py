"""How the outbox forgets: letters on their day, sent or not."""

from rempart.foundation.retention import Kind, expiring

PARTS = (expiring("messaging_message", kind=Kind.LETTER),)
