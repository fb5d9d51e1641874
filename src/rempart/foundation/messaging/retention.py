"""How the outbox forgets: letters on their day, sent or not; what was said once, and who wants no more, a year after; how
often somebody was written to, when the day is over."""

from rempart.foundation.retention import Kind, expiring

PARTS = (
    expiring("messaging_message", kind=Kind.LETTER),
    expiring("messaging_mark", kind=Kind.LETTER_MARK, key="mark"),
    expiring("messaging_refusal", kind=Kind.REFUSAL, key="digest"),
    expiring("messaging_tally", kind=Kind.TALLY, key="digest"),
)
