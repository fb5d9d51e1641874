"""Letters for the printing house: what waits in the outbox becomes a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging.carriers import post
from rempart.foundation.messaging.letters import Channel, Letter, Maker
from rempart.foundation.messaging.outbox import deliver
from rempart.foundation.vault import Keyring
from rempart.proofs.documents.plain import render_plain
from rempart.screening.portal.services.certifying import ISSUER


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
    address to which letters come back. Not for two processes at once."""
    carrier = post.PostCarrier(folder, plain=partial(_plain, sender=sender, now=now))
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


def _plain(letter: Letter, *, sender: tuple[str, ...], now: datetime) -> bytes:
    return render_plain(
        issuer=ISSUER,
        sender=sender,
        recipient=tuple(letter.recipient.split("\n")),
        subject=letter.subject,
        text=letter.text,
        at=now,
    )
