"""Why a sign-in ends without an entry. A reason is a code: it never carries a token or a claim."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Each has its sentence on the page of refusals, and its code in the audit."""

    CANCELLED = "cancelled"  # the person said no, there or on the phone
    NOT_ASKED = "not-asked"  # an answer to no question of this browser: replayed, foreign or too late
    UNREACHABLE = "unreachable"  # the provider does not answer
    UNREADABLE = "unreadable"  # it answers what cannot be used
    REFUSED = "refused"  # it refuses: our settings, or a code that served already
    TOKEN = "token"  # noqa: S105 -- a word: signature, issuer, audience, time, nonce
    LEVEL = "level"  # the level of authentication is missing, or not one that we take
    CLAIMS = "claims"  # the identity lacks what we need
    TOO_OFTEN = "too-often"  # too many requests to one phone
    PHONE = "phone"  # no phone answers to that number
    EXPIRED = "expired"  # nobody pressed the button on the phone in time
    NO_ROLE = "no-role"  # a profession that has nothing to do here
    SUSPENDED = "suspended"
    NO_RESULT = "no-result"  # nothing is kept for that identity
    DOUBT = "doubt"  # it could be somebody else's


class SignInRefused(Exception):
    """A sign-in ends here. `detail` is a word for the operator ("nonce", "http 503"), never a value."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
