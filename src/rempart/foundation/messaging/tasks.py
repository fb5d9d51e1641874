"""What the outbox does by itself, by the clock."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.mailboxes import MailboxUnavailable
from rempart.foundation.messaging.receipts import collect

_log = logging.getLogger(__name__)


@app.periodic(cron="*/2 * * * *")
@app.task(name="messages.read-reports")
def read_reports(timestamp: int) -> None:
    """Read the mailbox to which mail comes back, where there is one."""
    if settings.BOUNCES is None:
        return
    try:
        collect(settings.BOUNCES, channel=Channel.EMAIL, now=datetime.fromtimestamp(timestamp, UTC))
    except MailboxUnavailable as error:
        _log.warning("the mailbox of reports cannot be read: %s", error.code)
