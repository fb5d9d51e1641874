"""The code in the letter, and what the help desk checks before it does without.

Source: guide of the biologists, 13 May 2020, annex (amelipro): by card at once, or by identifier (FINESS) with a
provisional code sent by post to the address of the establishment, about fifteen days; the help desk may unblock who
waits. The insured establishments' number with the health insurance is their FINESS number.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is read as something else
_LENGTH = 10
"""Fifty bits: five tries at each of three letters a month find nothing."""


class Check(StrEnum):
    """What the help desk did to know who calls; all of it is asked for."""

    CALLED_BACK = "called-back"  # at the number of the directory, not at the one that called
    RESPONSIBLE = "responsible"  # the person in charge of the laboratory confirmed the request
    EMAIL = "email"  # the address was spelled out, and is the one of the request


class Refused(StrEnum):
    """Why a code opens nothing; for the audit, never for whoever typed it."""

    UNKNOWN = "unknown"
    CODE = "code"
    TRIES = "tries"
    EXPIRED = "expired"
    DONE = "done"
    NAME_TAKEN = "name-taken"


def new_code() -> str:
    """A code as it is printed: "K7QWM-2ZRTA"."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def plain(typed: str) -> str:
    """A code as it was typed, without what people add."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())[: _LENGTH * 2]


def digest(code: str, *, enrolment: bytes, secret: bytes) -> bytes:
    """The keyed digest of a code, of this enrolment only."""
    return hmac.digest(secret, enrolment + plain(code).encode(), "sha256")


def refusal(
    *,
    given: bytes,
    kept: bytes,
    tries: int,
    most_tries: int,
    expires_at: datetime,
    is_done: bool,
    now: datetime,
) -> Refused | None:
    """Why a code opens nothing; None: it is right. Whatever is wrong, both digests are compared."""
    same = hmac.compare_digest(given, kept)
    if is_done:
        return Refused.DONE
    if tries >= most_tries:
        return Refused.TRIES
    if now >= expires_at:
        return Refused.EXPIRED
    return None if same else Refused.CODE


def all_checked(checks: Collection[Check]) -> bool:
    return set(checks) == set(Check)
