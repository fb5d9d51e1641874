"""What a session has proved, when it ends, and which code of an application is right."""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum

CODE_DIGITS = 6
CODE_SECONDS = 30
_CODES_AROUND = 1  # a clock may be half a minute off, and a person slow
_SECRET_BYTES = 20


class Means(StrEnum):
    """How somebody proved who he is."""

    PASSWORD = "password"  # noqa: S105 -- a word for it
    APPLICATION = "totp"  # a code of six digits
    PASSKEY = "webauthn"
    RECOVERY_CODE = "recovery_codes"
    CARD = "card"  # Pro Santé Connect: the card, and its code


_SECOND = frozenset({Means.APPLICATION, Means.PASSKEY, Means.RECOVERY_CODE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was proved in a session."""

    means: Means
    at: datetime


class Passed(Enum):
    """How far a session has come."""

    NOTHING = "nothing"
    FIRST = "first"  # the password only: may set up a second factor, and nothing else
    BOTH = "both"


def proofs(records: Sequence[Mapping[str, object]]) -> tuple[Proof, ...]:
    """What allauth recorded in a session (`get_authentication_records`), oldest first; what is none of our
    means counts for nothing."""
    found = []
    for record in records:
        word = record.get("type") if record.get("method") == "mfa" else record.get("method")
        at = record.get("at")
        if isinstance(at, int | float) and word in set(Means):
            found.append(Proof(means=Means(str(word)), at=datetime.fromtimestamp(at, UTC)))
    return tuple(found)


def passed(proved: Sequence[Proof]) -> Passed:
    """A card is both factors; otherwise the password and something held."""
    means = {proof.means for proof in proved}
    if Means.CARD in means or (Means.PASSWORD in means and means & _SECOND):
        return Passed.BOTH
    return Passed.FIRST if Means.PASSWORD in means else Passed.NOTHING


def recent(proved: Sequence[Proof], *, now: datetime, within: timedelta) -> bool:
    """Whether something was proved lately enough for a sensitive act."""
    return any(now - proof.at < within for proof in proved)


def ended(
    *, started_at: datetime, seen_at: datetime, now: datetime, longest: timedelta, idle: timedelta
) -> bool:
    """Whether a session is over: too old, or nobody there for too long."""
    return now - started_at >= longest or now - seen_at >= idle


def new_secret() -> str:
    """A secret for an application, as it is shown for typing (base 32)."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def counter_at(moment: datetime) -> int:
    """The number of the code that an application shows at that moment (RFC 6238)."""
    return int(moment.timestamp()) // CODE_SECONDS


def code(secret: str, counter: int) -> str:
    """The code of that number (RFC 4226, SHA-1 and six digits: what every application knows)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    start = digest[-1] & 0x0F
    number = struct.unpack_from(">I", digest, start)[0] & 0x7FFFFFFF
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def counter_of(given: str, *, secret: str, now: datetime, used: int) -> int | None:
    """The number of a right code that comes after the last one used, or None: a code serves once."""
    around = counter_at(now)
    right = None
    for counter in range(around - _CODES_AROUND, around + _CODES_AROUND + 1):
        if hmac.compare_digest(code(secret, counter).encode(), given.encode()) and counter > used:
            right = counter
    return right


def plain(given: str) -> str:
    """A code as people type it, without spaces and dashes."""
    return "".join(given.split()).replace("-", "")
