"""One attempt to sign in: what a browser must bring back, and until when."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from rempart.foundation.access.openid.refusals import Reason, SignInRefused

VALID = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Kept in the browser's session from the question to the answer, and used once."""

    provider: str
    state: str
    nonce: str
    verifier: str  # PKCE
    asked_at: float  # seconds since 1970
    until: float
    again: bool = (
        False  # who is signed in proves anew who he is: an old session with the provider is not enough
    )
    destination: str = ""  # where the person wanted to go

    def as_session(self) -> dict[str, str | float | bool]:
        """As a session keeps it."""
        return asdict(self)


def new_attempt(*, provider: str, now: datetime, destination: str = "", again: bool = False) -> Attempt:
    """A fresh one: state and nonce of 256 random bits each, a verifier as RFC 7636 §4.1 wants it."""
    return Attempt(
        provider=provider,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        asked_at=now.timestamp(),
        until=(now + VALID).timestamp(),
        again=again,
        destination=destination,
    )


def from_session(kept: object) -> Attempt | None:
    """What a session kept, or None when it kept none (or something else)."""
    if not isinstance(kept, Mapping):
        return None
    names = {field.name for field in fields(Attempt)}
    return Attempt(**kept) if set(kept) == names else None


def code_of(
    answer: Mapping[str, str], attempt: Attempt | None, *, provider: str, issuer: str, now: datetime
) -> str:
    """The authorization code of an answer to this attempt.

    Raises SignInRefused: NOT_ASKED when it answers no open question of this browser, CANCELLED when the
    person said no, REFUSED when the provider did. The state is compared before anything else is read.
    """
    if attempt is None or attempt.provider != provider:
        raise SignInRefused(Reason.NOT_ASKED, "no attempt")
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused(Reason.NOT_ASKED, "state")
    if now.timestamp() >= attempt.until:
        raise SignInRefused(Reason.NOT_ASKED, "too late")
    if answer.get("iss", issuer) != issuer:  # RFC 9207: somebody else's answer
        raise SignInRefused(Reason.NOT_ASKED, "issuer")
    if answer.get("error"):
        cancelled = answer["error"] == "access_denied"
        raise SignInRefused(Reason.CANCELLED if cancelled else Reason.REFUSED, "authorization")
    if not answer.get("code"):
        raise SignInRefused(Reason.UNREADABLE, "no code")
    return answer["code"]
