"""A request to a professional's phone: CIBA in poll mode, for the e-CPS.

Source: OpenID CIBA Core 1.0 §7 and §10–11; Pro Santé Connect takes the national identifier as login_hint and two
digits as binding message (certificates reference §11).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta

from rempart.foundation.access.openid.party import Party, SignedIn
from rempart.foundation.access.openid.refusals import Reason, SignInRefused

GRANT = "urn:openid:params:grant-type:ciba"
LONGEST = timedelta(minutes=3)
"""We ask no longer than this, whatever the provider allows."""
SHORTEST_PAUSE, SLOWER = 5.0, 5.0
"""Seconds between two questions when the provider says nothing, and those that `slow_down` adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that waits for the button on the phone, as the browser's session keeps it."""

    id: str
    binding: str  # two digits, shown here and on the phone
    until: float  # seconds since 1970
    pause: float  # seconds between two questions
    next_at: float
    destination: str = ""

    def as_session(self) -> dict[str, str | float]:
        """As a session keeps it."""
        return asdict(self)


def from_session(kept: object) -> Request | None:
    """What a session kept, or None."""
    if not isinstance(kept, Mapping):
        return None
    return Request(**kept) if set(kept) == {field.name for field in fields(Request)} else None


def ring(party: Party, *, national_id: str, now: datetime, destination: str = "") -> Request:
    """Make a professional's phone ask him. Raises SignInRefused: PHONE when none answers to that number."""
    binding = f"{secrets.randbelow(100):02d}"
    provider = party.provider
    asked = {
        "scope": provider.scope,
        "login_hint": national_id,
        "binding_message": binding,
        "acr_values": provider.acr_asked,
    }
    try:
        answer = party.post("backchannel_authentication_endpoint", asked, now=now)
    except SignInRefused as refused:
        if refused.detail == "unknown_user_id":
            raise SignInRefused(Reason.PHONE) from None
        raise
    seconds = _seconds(answer.get("expires_in"), default=LONGEST.total_seconds())
    pause = max(1.0, _seconds(answer.get("interval"), default=SHORTEST_PAUSE))
    key = answer.get("auth_req_id")
    if not isinstance(key, str) or not key:
        raise SignInRefused(Reason.UNREADABLE, "auth_req_id")
    at = now.timestamp()
    return Request(
        id=key,
        binding=binding,
        until=at + min(seconds, LONGEST.total_seconds()),
        pause=pause,
        next_at=at + pause,
        destination=destination,
    )


def look(party: Party, request: Request, *, now: datetime) -> SignedIn | Request:
    """Who pressed the button, or the request as it waits on.

    The provider is asked no oftener than it wants, however often the page is. Raises SignInRefused: EXPIRED,
    CANCELLED, and whatever ends any sign-in.
    """
    at = now.timestamp()
    if at >= request.until:
        raise SignInRefused(Reason.EXPIRED)
    if at < request.next_at:
        return request
    try:
        given = party.exchange({"grant_type": GRANT, "auth_req_id": request.id}, now=now)
    except SignInRefused as refused:
        if refused.reason is not Reason.REFUSED:
            raise
        return _waits_on(refused.detail, request, at)
    return party.signed_in(given, nonce=None, now=now)


def _waits_on(error: str, request: Request, at: float) -> Request:
    if error == "authorization_pending":
        return replace(request, next_at=at + request.pause)
    if error == "slow_down":
        slower = request.pause + SLOWER
        return replace(request, pause=slower, next_at=at + slower)
    if error == "expired_token":
        raise SignInRefused(Reason.EXPIRED)
    if error == "access_denied":
        raise SignInRefused(Reason.CANCELLED)
    raise SignInRefused(Reason.REFUSED, error)


def _seconds(value: object, *, default: float) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 86_400
    return float(value) if usable and isinstance(value, int | float) else default
