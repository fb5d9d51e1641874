"""What opens a result: a reference and a birth date lead to a one-time code, and the code to the result.

How often each may be tried is data of the foundation (access/data/limits.toml, rules in access/pace.py).
Decided by us (docs/decisions/007-portal.md): the sources give the steps, not the limits.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CODE_DIGITS = 6
CODE_VALID = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a visit waits for once a reference and a birth date were given: the digest of one code.

    It belongs to the visit that asked, so that nobody else's wrong codes count against it. Who gave a wrong
    date waits for a code that does not exist, and nothing he can see tells him so.
    """

    digest: bytes = field(repr=False)
    until: datetime


def right(challenge: Challenge, *, digest: bytes, now: datetime) -> bool:
    """Whether a code with this digest is the one that was sent, in time."""
    return hmac.compare_digest(challenge.digest, digest) and now < challenge.until
