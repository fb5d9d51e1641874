"""Telling the person: a message with an unguessable reference for every result that arrives."""

from __future__ import annotations

import hashlib
import json
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.bulk import copy_rows
from rempart.foundation.events.stream import Published, Subscriber
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.outbox import enqueue
from rempart.foundation.retention import Kind, retention
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, unseal
from rempart.screening.services.published import PublishedResult, announced
from rempart.screening.services.receive import RESULTS

_REFERENCE_BYTES = 16
_ACCESS = (
    "reference", "month", "result_id", "person_id", "identity_id", "department", "created_at",
    "expires_on",
)  # fmt: skip
_ACCESS_TYPES = (
    "bytea", "date", "uuid", "uuid", "uuid", "varchar", "timestamptz", "date",
)  # fmt: skip


def subscriber(*, keyring: Keyring, public_url: str) -> Subscriber:
    """Writes a notice for every result version, to the mobile phone, else to the e-mail address, else to those of the
    relative whom the person named.

    A person with none of them is told by nobody yet: the laboratory's secure mailbox comes with the
    notices' own issue; the access is made all the same.
    """

    def handle(cursor: CursorWrapper, events: Sequence[Published]) -> None:
        now = datetime.now(UTC)
        longest = retention(Kind.LETTER).last_day(now.date(), today=now.date())
        by_expiry: dict[date, list[Letter]] = {}
        rows = []
        for result in announced(cursor, events, only="r.current OR r.retracted"):
            reference = secrets.token_urlsafe(_REFERENCE_BYTES)
            if not result.retracted:
                rows.append(
                    (
                        reference_digest(reference), result.month, result.id, result.person_id,
                        result.identity_id, result.department, now, result.expires_on,
                    )
                )  # fmt: skip
            letter = _letter(result, f"{public_url}/r/{reference}", keyring)
            if letter is not None:
                by_expiry.setdefault(min(longest, result.expires_on), []).append(letter)
        copy_rows(cursor.cursor, table="screening_access", columns=_ACCESS, types=_ACCESS_TYPES, rows=rows)
        for expires_on, letters in by_expiry.items():
            enqueue(cursor, letters, keyring=keyring, expires_on=expires_on, now=now)

    return Subscriber(name="screening.notices", topics=(RESULTS,), handle=handle, batch=4)


def reference_digest(reference: str) -> bytes:
    """How a reference is kept: it has 128 random bits, so a plain hash tells nothing."""
    return hashlib.sha256(reference.encode()).digest()


def contact(keyring: Keyring, sealed: bytes, result_id: bytes) -> dict[str, str] | None:
    """The contact details of a result, or None once their day has passed."""
    try:
        content = unseal(keyring, sealed, purpose=Purpose.CONTACT, context=result_id)
    except KeyDestroyed:
        return None
    details: dict[str, str] = json.loads(content)
    return details


def letter_to(details: Mapping[str, str], kind: str, **values: str) -> Letter | None:
    """A letter of this kind to the mobile phone, else to the e-mail address of the person; else of the trusted relative,
    in words for him (annex 1 of MINSANTE n°101, items 1.3.2 and 1.3.3). None where there is nobody to write to."""
    text = texts()[kind]
    for whose in ("", "relative_"):
        body, subject = text[f"{whose}text"].format(**values), text[f"{whose}subject"]
        if number := details.get(f"{whose}mobile", ""):
            return Letter(channel=Channel.SMS, recipient=number, text=body)
        if address := details.get(f"{whose}email", ""):
            return Letter(channel=Channel.EMAIL, recipient=address, subject=subject, text=body)
    return None


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Subject and text of each kind of notice."""
    return tomllib.loads((files(__package__) / "data" / "texts.toml").read_text("utf-8"))


def _letter(result: PublishedResult, link: str, keyring: Keyring) -> Letter | None:
    details = contact(keyring, result.sealed, result.id.bytes)
    if details is None:
        return None
    if result.retracted:
        return letter_to(details, "retraction")
    return letter_to(details, "result" if result.version == 1 else "correction", link=link)
