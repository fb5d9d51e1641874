"""Putting messages into the outbox, handing them to a carrier, reading them back in the demo."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.database.keys import uuid7s
from rempart.foundation.messaging.models import Message
from rempart.foundation.vault import KeyDestroyed, Keyring, Purpose, SealBroken, Sealer, unseal

_log = logging.getLogger(__name__)


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said to whom: a telephone number, an e-mail address, or the lines of a postal one; a text message
    has no `subject`."""

    channel: Channel
    recipient: str
    text: str
    subject: str = ""


class Carrier(Protocol):
    """Who brings letters out: an SMS operator, a mail server. Raises when it could not."""

    def carry(self, letter: Letter) -> None: ...


class LocalCarrier:
    """Keeps everything in the outbox, where the demo's outbox page shows it; brings nothing out."""

    def carry(self, letter: Letter) -> None:
        return None


def enqueue(
    cursor: CursorWrapper, letters: Sequence[Letter], *, keyring: Keyring, expires_on: date, now: datetime
) -> None:
    """Seal letters into the outbox, in the caller's transaction."""
    sealer = Sealer(keyring, Purpose.MESSAGE, expires_on)
    keys = uuid7s(len(letters))
    with cursor.copy(
        "COPY messaging_message (id, created_at, channel, sealed, expires_on) FROM STDIN"
    ) as copy:
        for key, letter in zip(keys, letters, strict=True):
            content = json.dumps([letter.recipient, letter.subject, letter.text], ensure_ascii=False)
            sealed = sealer.seal(content.encode(), context=key.bytes)
            copy.write_row((key, now, letter.channel.value, sealed, expires_on))


def deliver(carriers: Mapping[Channel, Carrier], *, keyring: Keyring, now: datetime, most: int = 500) -> int:
    """Hand up to `most` waiting letters to their carriers; how many left.

    A letter that nobody can open is given up, and said in the log. One whose carrier fails stays in the
    outbox for the next round; one that was handed over just before a crash may go out a second time: a
    notice twice is better than none.
    """
    with transaction.atomic():
        rows = list(
            Message.objects.select_for_update(skip_locked=True)
            .filter(sent_at__isnull=True)
            .order_by("id")[:most]
        )
        sent: list[UUID] = []
        for row in rows:
            try:
                letter = open_letter(row, keyring=keyring)
                if letter is not None:
                    carriers[letter.channel].carry(letter)
            except SealBroken:
                _log.error("letter %s cannot be opened by anybody any more; it is given up", row.id)
                sent.append(row.id)
            except Exception as error:  # whatever a carrier raises; its text may name the recipient
                _log.warning("letter %s could not leave (%s); it waits", row.id, type(error).__name__)
            else:
                sent.append(row.id)
        Message.objects.filter(id__in=sent).update(sent_at=now)
    return len(sent)


def open_letter(row: Message, *, keyring: Keyring) -> Letter | None:
    """The letter of a row, or None once its day has passed."""
    try:
        content = unseal(keyring, bytes(row.sealed), purpose=Purpose.MESSAGE, context=row.id.bytes)
    except KeyDestroyed:
        return None
    recipient, subject, text = json.loads(content)
    return Letter(channel=Channel(row.channel), recipient=recipient, subject=subject, text=text)


def newest(*, keyring: Keyring, most: int = 50) -> Iterable[tuple[datetime, Letter]]:
    """The latest letters, newest first: for the demo's outbox page only."""
    for row in Message.objects.order_by("-created_at")[:most]:
        try:
            letter = open_letter(row, keyring=keyring)
        except SealBroken:
            continue
        if letter is not None:
            yield row.created_at, letter
