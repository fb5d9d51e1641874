"""Letters for the printing house: what waits in the outbox becomes a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import connection

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.carriers import post
from rempart.foundation.messaging.letters import Channel, Letter, Maker
from rempart.foundation.messaging.outbox import deliver
from rempart.foundation.vault import Keyring
from rempart.proofs.documents.plain import render_plain
from rempart.screening.portal.services.certifying import ISSUER

_GATHERING = 0x6C657474657273  # "letters": the advisory lock of whoever makes a batch


def gather(
    makers: Mapping[str, Maker],
    *,
    folder: Path,
    sender: tuple[str, ...],
    postal_class: str,
    keyring: Keyring,
    now: datetime,
) -> Sequence[post.Batch]:
    """Make a batch of every letter that is due; the batches that are new, one as a rule. `sender`: the lines of the
    address to which letters come back. Nothing while another process does it."""
    carrier = post.PostCarrier(folder, plain=partial(_plain, sender=sender, now=now))
    with _alone() as alone:
        if not alone:
            return ()
        while deliver({Channel.POST: carrier}, makers, keyring=keyring, now=now):
            pass
        made = post.close(folder, postal_class=postal_class, now=now)
    for batch in made:
        record(
            system(Purpose.NOTICE),
            Act.LETTERS_GATHERED,
            batch.name,
            now=now,
            letters=batch.letters,
            pages=batch.pages,
        )
    return made


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else gathers letters; nobody does until the end. A lock of the session, which dies with it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (_GATHERING,))
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (_GATHERING,))


def _plain(letter: Letter, *, sender: tuple[str, ...], now: datetime) -> bytes:
    return render_plain(
        issuer=ISSUER,
        sender=sender,
        recipient=tuple(letter.recipient.split("\n")),
        subject=letter.subject,
        text=letter.text,
        at=now,
    )
