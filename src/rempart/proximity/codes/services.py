"""Issuing declaration codes, so that nothing kept leads from a person to his code.

No function here takes an actor, and none leaves an entry in the trail: whoever asks for a code is known to the room that
asks, and must not be known here. What is counted is how many.
"""

from __future__ import annotations

import hmac
from datetime import date, datetime

from django.db import connection, transaction

from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import Keyring
from rempart.proximity.codes.models import DailyCodes, DeclarationCode
from rempart.proximity.codes.rules import Code, State, last_day, shaped, until

_MIXED_AT_ONCE = 16
"""Steps in which the codes of some days are mixed; each is a transaction of its own."""


@transaction.atomic(durable=True)
def issue(*, origin: bytes, keyring: Keyring, now: datetime) -> Code:
    """The declaration code that belongs to an origin: the same at each asking, valid from the first.

    `origin`: what the caller has of whoever asks that is kept nowhere, at least 128 random bits of it. The code is derived
    from it under a secret of the vault, so that it need not be kept to be shown again. Raises RuntimeError inside
    another transaction: its number would tell whose code this row is.
    """
    text = shaped(_mac(keyring, "declaration-code", origin))
    digest = digest_of(text, keyring=keyring)
    last, today = last_day(now), now.date()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO proximity_code (digest, last_day, state, mixed, expires_on) VALUES (%s, %s, %s, false, %s)
               ON CONFLICT (digest) DO NOTHING RETURNING 1""",
            (digest, last, State.ISSUED, retention(Kind.DECLARATION_CODE).last_day(today, today=today)),
        )
        if cursor.fetchone():
            cursor.execute(
                """INSERT INTO proximity_daily (day, issued) VALUES (%s, 1)
                   ON CONFLICT (day) DO UPDATE SET issued = proximity_daily.issued + 1""",
                (today,),
            )
            return Code(text=text, until=until(last))
    kept = DeclarationCode.objects.get(digest=digest)
    return Code(text=text, until=until(kept.last_day), state=State(kept.state))


def digest_of(text: str, *, keyring: Keyring) -> bytes:
    """How a code is kept: keyed, so that neither a table nor its copy says which codes there are."""
    return _mac(keyring, "declaration-digest", text.strip().casefold().encode())


def issued_by_day(*, since: date) -> list[tuple[date, int]]:
    """How many codes were issued, by civil day (UTC), oldest first."""
    return list(DailyCodes.objects.filter(day__gte=since).order_by("day").values_list("day", "issued"))


def mix(*, now: datetime) -> int:
    """Write the codes of past days anew, in the order of their digests; how many.

    A row's place and the number of its transaction say when it was written; beside the trail, which says who looked at what
    when, that would lead from a person to a code.
    """
    today = now.date()
    before = retention(Kind.DECLARATION_CODE).last_day(today, today=today)
    mixed = 0
    for step in range(_MIXED_AT_ONCE):
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(
                """WITH gone AS (
                       DELETE FROM proximity_code
                       WHERE NOT mixed AND expires_on < %s AND get_byte(digest, 0) %% %s = %s
                       RETURNING digest, last_day, state, expires_on)
                   INSERT INTO proximity_code (digest, last_day, state, mixed, expires_on)
                   SELECT digest, last_day, state, true, expires_on FROM gone ORDER BY digest RETURNING 1""",
                (before, _MIXED_AT_ONCE, step),
            )
            mixed += len(cursor.fetchall())
    return mixed


def _mac(keyring: Keyring, secret: str, value: bytes) -> bytes:
    return hmac.digest(keyring.secret(secret), value, "sha256")
