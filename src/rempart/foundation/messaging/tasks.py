"""What the outbox does by itself, by the clock."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.messaging.figures import waiting
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.mailboxes import MailboxUnavailable
from rempart.foundation.messaging.receipts import collect

_log = logging.getLogger(__name__)


@app.periodic(cron="*/2 * * * *")
@app.task(name="messages.read-reports")
def read_reports(timestamp: int) -> None:
    """Read the mailboxes to which mail comes back, where there are some."""
    now = datetime.fromtimestamp(timestamp, UTC)
    health_mail = settings.HEALTH_MAIL
    mailboxes = {
        Channel.EMAIL: settings.BOUNCES,
        Channel.MSSANTE: health_mail.returns if health_mail is not None else None,
    }
    for channel, account in mailboxes.items():
        if account is None:
            continue
        try:
            collect(account, channel=channel, now=now)
        except MailboxUnavailable as error:
            _log.warning("the mailbox of reports by %s cannot be read: %s", channel.value, error.code)


@app.periodic(cron="*/10 * * * *")
@app.task(name="messages.look")
def look(timestamp: int) -> None:
    """Say in the log which letters are late (runbook: messages-late)."""
    for one in waiting(now=datetime.fromtimestamp(timestamp, UTC)):
        if one.late:
            _log.warning("%d letters are late by %s, since %s", one.late, one.channel.value, one.oldest)
