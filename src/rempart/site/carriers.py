"""Who brings letters out: the mail server, the SMS centre and the access to health mail that a deployment has; the outbox
itself keeps the rest as read.

Each carrier works in a thread of its own: a slow mail server holds back no code by text message.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import Error, close_old_connections, connections

from rempart.foundation.messaging.carriers.dkim import signer
from rempart.foundation.messaging.carriers.post import Batch
from rempart.foundation.messaging.carriers.smpp import SmppCarrier
from rempart.foundation.messaging.carriers.smtp import SmtpCarrier
from rempart.foundation.messaging.letters import Carrier, Channel, Maker
from rempart.foundation.messaging.mssante.transport import MssanteCarrier
from rempart.foundation.messaging.outbox import LocalCarrier, deliver
from rempart.foundation.messaging.receipts import SmsEars
from rempart.foundation.vault import keyring_of
from rempart.screening.handover.services import making
from rempart.screening.notices import makers as documents
from rempart.screening.notices.gathering import gather
from rempart.screening.signing.signers import signers

_log = logging.getLogger(__name__)
Leaving = SmtpCarrier | SmppCarrier | MssanteCarrier
_BETWEEN = 0.5
"""Seconds between two looks at the outbox."""

_KEPT_FOR = timedelta(seconds=20)
"""How long a worker has letters in its hands that go nowhere."""


def outside() -> frozenset[Channel]:
    """The channels by which letters really leave."""
    configured = {
        Channel.EMAIL: settings.MAIL_RELAY,
        Channel.SMS: settings.SMS_CENTRE,
        Channel.POST: settings.LETTERS.folder,
        Channel.MSSANTE: settings.HEALTH_MAIL,
    }
    return frozenset(channel for channel, there in configured.items() if there is not None)


def makers() -> Mapping[str, Maker]:
    """Who makes the documents that go with letters."""
    keyring = keyring_of(settings.KEY_STORE)
    press = making.Press(keyring=keyring, signers=lambda: signers(settings.KEY_STORE))
    notices = documents.Press(
        keyring=keyring,
        signers=lambda: signers(settings.KEY_STORE),
        public_url=settings.PUBLIC_URL,
        sender=settings.LETTERS.lines,
    )
    return {**making.makers(press), **documents.makers(notices)}


def gather_letters() -> Sequence[Batch] | None:
    """Make a batch of the letters that wait, for the printing house; None without one."""
    house = settings.LETTERS
    if house.folder is None:
        return None
    return gather(
        makers(),
        folder=house.folder,
        sender=house.lines,
        postal_class=house.postal_class,
        keyring=keyring_of(settings.KEY_STORE),
        now=datetime.now(UTC),
    )


def send_letters() -> int:
    """Hand to the outbox what has no carrier; how many letters."""
    kept = {channel: LocalCarrier() for channel in Channel if channel not in outside()}
    keyring = keyring_of(settings.KEY_STORE)
    return deliver(kept, makers(), keyring=keyring, now=datetime.now(UTC), lease=_KEPT_FOR)


def run(stop: threading.Event) -> None:
    """Let every carrier work until told to stop."""
    threads = [
        threading.Thread(target=_run_one, args=(channel, carrier, stop), name=f"letters-{channel}")
        for channel, carrier in _carriers().items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run_one(channel: Channel, carrier: Leaving, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            left = _round(channel, carrier)
            if isinstance(carrier, SmppCarrier):
                carrier.attend(0.0 if left else _BETWEEN)
            elif not left:
                stop.wait(_BETWEEN)
        except Error:
            _log.warning("the database does not answer; letters by %s wait", channel.value)
            close_old_connections()
            stop.wait(_BETWEEN)
        except Exception:
            _log.exception("letters by %s wait", channel.value)
            stop.wait(_BETWEEN)
    carrier.close()
    connections.close_all()


def _round(channel: Channel, carrier: Carrier) -> int:
    return deliver(
        {channel: carrier}, makers(), keyring=keyring_of(settings.KEY_STORE), now=datetime.now(UTC)
    )


def _carriers() -> Mapping[Channel, Leaving]:
    keyring = keyring_of(settings.KEY_STORE)
    found: dict[Channel, Leaving] = {}
    if (centre := settings.SMS_CENTRE) is not None:
        found[Channel.SMS] = SmppCarrier(centre, ears=SmsEars(keyring=keyring))
    if (relay := settings.MAIL_RELAY) is not None:
        selector = settings.DKIM_SELECTOR
        found[Channel.EMAIL] = SmtpCarrier(
            relay,
            signer=partial(signer, keyring, domain=relay.domain, selector=selector) if selector else None,
        )
    if (health_mail := settings.HEALTH_MAIL) is not None:
        found[Channel.MSSANTE] = health_mail.carrier(
            white_list=settings.WHITE_LIST, clock=lambda: datetime.now(UTC)
        )
    return found
