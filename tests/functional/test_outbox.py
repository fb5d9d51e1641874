"""The outbox: sealed letters, each brought out once, and no one of them in the way of the others."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from tests.factories import NOW

from rempart.foundation.messaging.models import Message
from rempart.foundation.messaging.outbox import Channel, Letter, LocalCarrier, deliver, enqueue, newest
from rempart.foundation.vault import Keyring

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL = date(2026, 12, 20)


def sms(number: int) -> Letter:
    return Letter(channel=Channel.SMS, recipient=f"06399800{number:02d}", text=f"text {number}")


MAIL = Letter(channel=Channel.EMAIL, recipient="a@example.org", subject="À lire", text="é" * 500)


def put(keyring, *letters, now=NOW):
    with transaction.atomic(), connection.cursor() as cursor:
        enqueue(cursor, letters, keyring=keyring, expires_on=UNTIL, now=now)


class Carrier:
    """Notes what it carried; refuses some."""

    def __init__(self, *refused: str) -> None:
        self.carried, self.refused = [], set(refused)

    def carry(self, letter: Letter) -> None:
        if letter.recipient in self.refused:
            raise ConnectionError(f"{letter.recipient} cannot be reached")
        self.carried.append(letter)


def everywhere(carrier) -> dict[Channel, Carrier]:
    return dict.fromkeys(Channel, carrier)


def test_a_letter_leaves_once(keyring):
    put(keyring, sms(1), MAIL)
    carrier = Carrier()
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW) == 2
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW) == 0
    assert carrier.carried == [sms(1), MAIL]
    assert set(Message.objects.values_list("sent_at", flat=True)) == {NOW}


def test_letters_leave_in_the_order_they_were_put(keyring):
    put(keyring, *map(sms, range(6)))
    carrier = Carrier()
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW, most=4) == 4
    deliver(everywhere(carrier), keyring=keyring, now=NOW)
    assert carrier.carried == [sms(number) for number in range(6)]


def test_a_letter_that_cannot_leave_stays_and_holds_nobody_back(keyring):
    put(keyring, sms(1), sms(2), sms(3))
    carrier = Carrier("0639980002")
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW) == 2
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW) == 0
    assert carrier.carried == [sms(1), sms(3)]  # once each: nobody gets a text again and again
    carrier.refused.clear()
    assert deliver(everywhere(carrier), keyring=keyring, now=NOW) == 1


def test_security_what_could_not_leave_is_logged_without_its_recipient(keyring, caplog):
    put(keyring, sms(1))
    deliver(everywhere(Carrier("0639980001")), keyring=keyring, now=NOW)
    assert "ConnectionError" in caplog.text
    assert "0639980001" not in caplog.text


def test_a_letter_whose_transaction_is_undone_never_leaves(keyring):
    with pytest.raises(RuntimeError), transaction.atomic():
        put(keyring, sms(1))
        raise RuntimeError
    assert deliver(everywhere(Carrier()), keyring=keyring, now=NOW) == 0


def test_a_letter_after_its_day_is_put_away_unread(keyring):
    put(keyring, sms(1))
    keyring.destroy_expired(UNTIL + timedelta(days=1))
    carrier = Carrier()
    assert deliver(everywhere(carrier), keyring=Keyring(keyring.root), now=NOW) == 1
    assert carrier.carried == []
    assert list(newest(keyring=Keyring(keyring.root))) == []


def test_the_demo_reads_the_newest_first(keyring):
    for number in range(3):
        put(keyring, sms(number), now=NOW + timedelta(minutes=number))
    deliver(everywhere(LocalCarrier()), keyring=keyring, now=NOW)
    assert [letter for _, letter in newest(keyring=keyring, most=2)] == [sms(2), sms(1)]


def test_two_processes_do_not_send_the_same_letter(keyring, test_database):
    """Letters that one process has in its hands are left alone by the other."""
    put(keyring, sms(1), sms(2))
    other = Carrier()

    class Slow(Carrier):
        def carry(self, letter: Letter) -> None:
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(elsewhere).result() == 0
            super().carry(letter)

    def elsewhere() -> int:
        try:
            return deliver(everywhere(other), keyring=keyring, now=NOW)
        finally:
            connection.close()

    mine = Slow()
    assert deliver(everywhere(mine), keyring=keyring, now=NOW) == 2
    assert (len(mine.carried), other.carried) == (2, [])


def test_security_the_outbox_says_nothing_in_clear(keyring, owner):
    put(keyring, MAIL, sms(1))
    rows = owner.execute("SELECT * FROM messaging_message").fetchall()
    said = b"".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)
    for spoken in ("example.org", "0639980001", "À lire", "text 1", "é" * 10):
        assert spoken.encode() not in said
