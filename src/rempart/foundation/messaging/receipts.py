"""What became of messages that a carrier had taken: receipts of the SMS centre, reports that come back by mail."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from rempart.foundation.messaging import mailboxes, refusals, reports
from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.mailboxes import Account
from rempart.foundation.messaging.queue import channels_of
from rempart.foundation.messaging.refusals import How, says_start, says_stop
from rempart.foundation.messaging.reports import Fate, Report
from rempart.foundation.messaging.rules import Standing, next_route
from rempart.foundation.vault import Keyring

_log = logging.getLogger(__name__)

_REASON = 40

READ = "report.read"
"""The reason of a message that was delivered, and then read or taken in by the recipient's system."""


def settle(
    cursor: CursorWrapper, *, channel: Channel, reference: str, state: State, reason: str = "", now: datetime
) -> bool:
    """A carrier says what became of a message, by its own name for it; False when there is none of that name.

    DELIVERED ends it, and may say READ after that. FAILED sends it by its next route, or is its end. What comes late, or twice, changes nothing: only a
    message that is with that carrier moves.
    """
    cursor.execute(
        "SELECT id FROM messaging_message WHERE channel = %s AND reference = %s AND reference <> ''"
        " ORDER BY created_at DESC LIMIT 1",
        (channel.value, reference),
    )
    row = cursor.fetchone()
    return row is not None and settle_one(
        cursor, row[0], channel=channel, state=state, reason=reason, now=now
    )


def settle_one(
    cursor: CursorWrapper, id: UUID, *, channel: Channel, state: State, reason: str = "", now: datetime
) -> bool:
    """The same, of a message by its id; False when it does not go by this channel."""
    cursor.execute(
        "SELECT state, channels, rank, attempts FROM messaging_message WHERE id = %s AND channel = %s FOR UPDATE",
        (id, channel.value),
    )
    row = cursor.fetchone()
    if row is None:
        return False
    if state is State.DELIVERED and row[0] in (State.TAKEN, State.DELIVERED):
        cursor.execute(  # that it was read comes after that it arrived
            "UPDATE messaging_message SET state = 'delivered', ended_at = coalesce(ended_at, %s),"
            " reason = coalesce(nullif(%s, ''), reason) WHERE id = %s",
            (now, reason if reason == READ else "", id),
        )
        return True
    if row[0] != State.TAKEN:
        return True
    standing = Standing(channels=channels_of(row[1], channel), rank=row[2], attempts=row[3])
    then = next_route(standing, reason=reason[:_REASON], now=now)
    cursor.execute(
        "UPDATE messaging_message SET state = %s, channel = %s, rank = %s, attempts = %s, due_at = %s, reference = '',"
        " reason = %s, claimed_until = NULL, ended_at = %s WHERE id = %s",
        (
            then.state.value, standing.channels[then.rank].value, then.rank, then.attempts, then.due_at, then.reason,
            None if then.state is State.WAITING else now, id,
        ),
    )  # fmt: skip
    return True


class SmsEars:
    """Writes down what the SMS centre says: receipts, and who wants no more."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    def receipt(self, reference: str, state: State, reason: str) -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            return settle(
                cursor,
                channel=Channel.SMS,
                reference=reference,
                state=state,
                reason=reason,
                now=datetime.now(UTC),
            )

    def text(self, sender: str, text: str) -> None:
        stops = says_stop(text)
        if not stops and not says_start(text):
            return
        with transaction.atomic(), connection.cursor() as cursor:
            if stops:
                refusals.refuse(
                    cursor, Channel.SMS, sender, how=How.STOP, keyring=self._keyring, now=datetime.now(UTC)
                )
            else:
                refusals.accept(cursor, Channel.SMS, sender, keyring=self._keyring)


def collect(account: Account, *, channel: Channel, now: datetime, most: int = 500) -> Mapping[str, int]:
    """Read the mailbox to which reports come back, and let each move its message; how many of each fate.

    A mail is deleted once what it says is written down; one that is no report, or about none of ours, with them: nobody
    reads that mailbox. Raises MailboxUnavailable.
    """
    counts: Counter[str] = Counter()
    with mailboxes.opened(account) as mailbox:
        uids = mailbox.everything(most=most)
        for one in mailbox.fetch(uids, most_bytes=reports.MOST_BYTES):
            report = reports.parse(one.raw)
            known = report is not None and _report(report, channel=channel, now=now)
            counts[report.fate.value if report is not None and known else "other"] += 1
        mailbox.delete(uids)
    return counts


def _report(report: Report, *, channel: Channel, now: datetime) -> bool:
    """Whether a report is about one of our messages; it moves when the report is the last word."""
    if report.reference is None:
        return False
    failed = report.fate in (Fate.FAILED, Fate.UNPROCESSED)
    if not failed and not report.fate.arrived:
        return True
    state = State.FAILED if failed else State.DELIVERED
    read = READ if report.fate in (Fate.READ, Fate.PROCESSED) else ""
    with transaction.atomic(), connection.cursor() as cursor:
        return settle_one(
            cursor,
            report.reference,
            channel=channel,
            state=state,
            reason=f"report.{report.worst.cause}" if failed else read,
            now=now,
        )
