"""What comes back moves its message: arrived, or on to the next route."""

from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import connection, transaction
from tests.factories import NOW
from tests.functional.test_outbox import MAIL, POST, Carrier, bring, message, put, say, sms, states

from rempart.foundation.messaging import receipts
from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.models import Message, Refusal
from rempart.foundation.messaging.receipts import SmsEars

pytestmark = pytest.mark.django_db(transaction=True)


def settle(state: State, reason="", *, reference="ref-0639980001", channel=Channel.SMS) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        return receipts.settle(
            cursor, channel=channel, reference=reference, state=state, reason=reason, now=NOW
        )


@pytest.fixture
def taken(keyring):
    say(keyring, message(sms(1), MAIL, POST))
    bring(Carrier(), keyring=keyring)


def test_what_arrived_is_delivered(taken):
    assert settle(State.DELIVERED)
    assert states() == [("delivered", "sms", "")]
    assert Message.objects.get().ended_at == NOW


def test_what_did_not_arrive_takes_its_next_route(taken, keyring):
    assert settle(State.FAILED, "smpp.undeliv.027")
    assert states() == [("waiting", "email", "smpp.undeliv.027")]
    again = Carrier()
    bring(again, keyring=keyring)
    assert again.written == [MAIL]


def test_the_last_route_that_fails_is_the_end(keyring):
    put(keyring, sms(1))
    bring(Carrier(), keyring=keyring)
    settle(State.FAILED, "smpp.expired")
    assert states() == [("failed", "sms", "smpp.expired")]


def test_a_receipt_that_comes_twice_or_too_late_changes_nothing(taken, keyring):
    settle(State.FAILED, "smpp.expired")
    assert not settle(State.FAILED, "smpp.expired")
    assert states() == [("waiting", "email", "smpp.expired")]
    bring(Carrier(), keyring=keyring)
    assert settle(State.DELIVERED, channel=Channel.EMAIL, reference="ref-a@example.org")
    assert settle(State.FAILED, "x", channel=Channel.EMAIL, reference="ref-a@example.org")
    assert states() == [("delivered", "email", "")]


def test_what_was_read_says_so_whether_its_arrival_was_told_or_not(taken):
    settle(State.DELIVERED)
    assert settle(State.DELIVERED, receipts.READ)
    assert settle(State.DELIVERED)
    assert states() == [("delivered", "sms", "report.read")]


def test_a_receipt_of_nobodys_message_is_told_apart(taken):
    assert not settle(State.DELIVERED, reference="another")
    assert not settle(State.DELIVERED, reference="")
    assert not settle(State.DELIVERED, channel=Channel.EMAIL)
    assert states() == [("taken", "sms", "")]


def test_who_answers_stop_to_a_text_gets_no_more(keyring):
    ears = SmsEars(keyring=keyring)
    ears.text("33639980001", "Stop !")
    ears.text("33639980002", "Merci docteur")
    assert list(Refusal.objects.values_list("channel", "how")) == [("sms", "stop")]
    ears.text("33639980001", "START")
    assert not Refusal.objects.exists()


def test_the_ears_write_receipts_down(taken, keyring):
    assert SmsEars(keyring=keyring).receipt("ref-0639980001", State.DELIVERED, "")
    assert states() == [("delivered", "sms", "")]


class Mailbox:
    """A mailbox as the reader shows it."""

    def __init__(self, *mails: bytes):
        self.mails, self.deleted = dict(enumerate(mails, 1)), []

    def everything(self, *, most):
        return list(self.mails)[:most]

    def fetch(self, uids, *, most_bytes):
        return [type("Received", (), {"raw": self.mails[uid]}) for uid in uids]

    def delete(self, uids):
        self.deleted += uids


def bounce(key, *, status="5.1.1", action="failed") -> bytes:
    return f"""From: MAILER-DAEMON@example.com
To: bounces+{key.hex}@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

a@example.org does not exist
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; a@example.org
Action: {action}
Status: {status}

--b--
""".replace("\n", "\r\n").encode()


def test_a_bounce_moves_its_mail_and_the_mailbox_is_emptied(keyring, monkeypatch):
    say(keyring, message(MAIL, POST), message(MAIL))
    bring(Carrier(), keyring=keyring)
    first, second = Message.objects.order_by("id").values_list("id", flat=True)
    mailbox = Mailbox(
        bounce(first),
        bounce(second, action="delayed", status="4.2.2"),
        bounce(uuid4()),
        b"Subject: hello\r\n\r\nx",
    )

    class Opened:
        def __init__(self, account):
            pass

        def __enter__(self):
            return mailbox

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(receipts.mailboxes, "opened", Opened)
    counts = receipts.collect(None, channel=Channel.EMAIL, now=NOW)
    assert counts == {"failed": 1, "delayed": 1, "other": 2}
    assert states() == [("waiting", "post", "report.mailbox_unknown"), ("taken", "email", "")]
    assert mailbox.deleted == [1, 2, 3, 4]


def test_security_who_knows_one_message_guesses_no_other_that_was_put_with_it(keyring):
    say(keyring, *[message(MAIL) for _ in range(20)])
    ids = sorted(key.int for key in Message.objects.values_list("id", flat=True))
    assert min(after - before for before, after in pairwise(ids)) > 1 << 40
