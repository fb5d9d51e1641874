"""How many messages one recipient gets by a channel on one day, so that nobody is buried under those that a sender addresses
to him. What is kept until the day is over names nobody: a digest under a secret of this deployment."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from django.db.backends.utils import CursorWrapper

from rempart.foundation.messaging.letters import Letter
from rempart.foundation.messaging.numbers import comparable
from rempart.foundation.messaging.policy import policy
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring

_DIGEST = 16


def too_many(
    cursor: CursorWrapper, letters: Sequence[Letter], *, keyring: Keyring, now: datetime
) -> list[bool]:
    """Count these letters; of each, whether its recipient had as many that day as the policy has it."""
    day = now.date()
    most = [policy().of(letter.channel, day).most for letter in letters]
    digests = [
        _digest(letter, day, keyring=keyring) if limit is not None else b""
        for letter, limit in zip(letters, most, strict=True)
    ]
    counts = Counter(filter(None, digests))
    if not counts:
        return [False] * len(letters)
    until = retention(Kind.TALLY).last_day(day, today=day)
    cursor.execute(  # in their order, so that two transactions with the same ones do not wait for each other
        "INSERT INTO messaging_tally AS t (digest, number, expires_on)"
        " SELECT n.digest, n.number, %s FROM unnest(%s::bytea[], %s::int[]) AS n (digest, number) ORDER BY n.digest"
        " ON CONFLICT (digest) DO UPDATE SET number = t.number + excluded.number RETURNING digest, number",
        (until, list(counts), list(counts.values())),
    )
    before = {bytes(digest): number - counts[bytes(digest)] for digest, number in cursor.fetchall()}
    found = []
    for digest, limit in zip(digests, most, strict=True):
        found.append(limit is not None and before[digest] >= limit)
        if digest:
            before[digest] += 1
    return found


def _digest(letter: Letter, day: date, *, keyring: Keyring) -> bytes:
    said = f"{day}|{letter.channel.value}|{comparable(letter.channel, letter.recipient)}".encode()
    return hmac.digest(keyring.secret("tallies"), said, "sha256")[:_DIGEST]
