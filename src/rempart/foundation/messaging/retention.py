"""How the outbox forgets: letters on their day, sent or not; and what was said once, a year after."""

from rempart.foundation.retention import Kind, expiring

PARTS = (
    expiring("messaging_message", kind=Kind.LETTER),
    expiring("messaging_mark", kind=Kind.LETTER_MARK, key="mark"),
)
