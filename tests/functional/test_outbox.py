"""The outbox: sealed messages, each brought out once, and no one of them in the way of the others."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from tests.factories import NOW

from rempart.foundation.database.keys import uuid7
from rempart.foundation.messaging import outbox, queue
from rempart.foundation.messaging.letters import (
    Answer,
    Channel,
    Enclosure,
    Letter,
    Message,
    Outcome,
    State,
    Withdrawn,
)
from rempart.foundation.messaging.models import Mark, Tally
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.outbox import LocalCarrier, deliver, enqueue, newest, post
from rempart.foundation.messaging.policy import policy
from rempart.foundation.vault import Keyring, Purpose, Sealer

pytestmark = pytest.mark.django_db(transaction=True)

UNTIL = date(2026, 12, 20)
NIGHT = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)  # half past eleven in Paris
PDF = Enclosure(name="attestation.pdf", media_type="application/pdf", maker="certificate", of="key-1")


def sms(number: int) -> Letter:
    return Letter(channel=Channel.SMS, recipient=f"06399800{number:02d}", text=f"text {number}")


MAIL = Letter(
    channel=Channel.EMAIL,
    recipient="a@example.org",
    subject="À lire",
    text="é" * 500,
    html="<p>é</p>",
    headers={"X-Kind": "test"},
)
POST = Letter(channel=Channel.POST, recipient="Mme A\n1 rue B\n75001 PARIS", text="Bonjour")


def put(keyring, *letters, now=NOW):
    with transaction.atomic(), connection.cursor() as cursor:
        enqueue(cursor, letters, keyring=keyring, expires_on=UNTIL, now=now)


def say(keyring, *messages, now=NOW) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        return post(cursor, messages, keyring=keyring, now=now)


def message(*routes: Letter, about="notice", **rest) -> Message:
    return Message(about=about, routes=routes, expires_on=UNTIL, **rest)


class Carrier:
    """Notes what it carried; answers as it is told for some recipients, and fails where that is an error."""

    def __init__(self, **answers: Outcome | BaseException) -> None:
        self.parcels, self.answers = [], answers

    @property
    def carried(self) -> list[Letter]:
        return [parcel.letter for parcel in self.parcels]

    @property
    def written(self) -> list[Letter]:
        """As they were put: without the link that the outbox adds to mails."""
        return [_own(letter) for letter in self.carried]

    def carry(self, parcels):
        return [self.one(parcel) for parcel in parcels]

    def one(self, parcel) -> Outcome:
        answer = self.answers.get(f"to_{parcel.letter.recipient}")
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            self.parcels.append(parcel)
        return answer or Outcome(answer=Answer.TAKEN, reference=f"ref-{parcel.letter.recipient}")


def _own(letter: Letter) -> Letter:
    return replace(
        letter,
        headers={name: value for name, value in letter.headers.items() if not name.startswith("List-")},
        text=letter.text.partition("\n\n-- \n")[0],
        html=letter.html.partition("<p><a ")[0],
    )


def later(recipient: str) -> dict[str, Outcome]:
    return {f"to_{recipient}": Outcome(answer=Answer.LATER, reason="busy")}


def refused(recipient: str) -> dict[str, Outcome]:
    return {f"to_{recipient}": Outcome(answer=Answer.REFUSED, reason="unknown")}


def everywhere(carrier) -> dict[Channel, Carrier]:
    return dict.fromkeys(Channel, carrier)


def bring(carrier, *, keyring, now=NOW, makers=None, most=500) -> int:
    return deliver(everywhere(carrier), makers or {}, keyring=keyring, now=now, most=most)


def states() -> list[tuple[str, str, str]]:
    return list(Row.objects.order_by("id").values_list("state", "channel", "reason"))


def test_a_letter_leaves_once_as_it_was_written(keyring):
    put(keyring, sms(1), MAIL)
    carrier = Carrier()
    assert bring(carrier, keyring=keyring) == 2
    assert bring(carrier, keyring=keyring) == 0
    assert carrier.written == [sms(1), MAIL]
    assert set(Row.objects.values_list("state", "taken_at")) == {("taken", NOW)}
    assert set(Row.objects.values_list("reference", flat=True)) == {"ref-0639980001", "ref-a@example.org"}


def test_letters_leave_in_the_order_they_were_put(keyring):
    put(keyring, *map(sms, range(6)))
    carrier = Carrier()
    assert bring(carrier, keyring=keyring, most=4) == 4
    bring(carrier, keyring=keyring)
    assert carrier.carried == [sms(number) for number in range(6)]


def test_what_somebody_waits_for_goes_before_everything_else(keyring):
    put(keyring, *map(sms, range(3)))
    say(keyring, message(sms(9), about="code", wakes=True), now=NOW + timedelta(seconds=1))
    carrier = Carrier()
    bring(carrier, keyring=keyring, now=NOW + timedelta(seconds=2), most=2)
    assert carrier.carried == [sms(9), sms(0)]


def test_a_letter_that_cannot_leave_waits_its_time_and_holds_nobody_back(keyring):
    put(keyring, sms(1), sms(2), sms(3))
    carrier = Carrier(**later("0639980002"))
    assert bring(carrier, keyring=keyring) == 2
    assert bring(carrier, keyring=keyring, now=NOW + timedelta(seconds=59)) == 0
    assert carrier.carried == [sms(1), sms(3)]  # once each: nobody gets a text again and again
    carrier.answers.clear()
    assert bring(carrier, keyring=keyring, now=NOW + timedelta(seconds=60)) == 1
    assert Row.objects.filter(attempts=2, state="taken").count() == 1


def test_a_carrier_that_fails_keeps_everything_waiting(keyring):
    put(keyring, sms(1), sms(2))
    assert bring(Carrier(to_0639980002=ConnectionError()), keyring=keyring) == 0
    assert states() == [("waiting", "sms", "carrier")] * 2


def test_a_route_that_is_no_use_gives_way_to_the_next(keyring):
    say(keyring, message(sms(1), MAIL, POST))
    carrier = Carrier(**refused("0639980001"), **refused("a@example.org"))
    for _ in range(3):
        bring(carrier, keyring=keyring)
    assert carrier.carried == [POST]
    assert states() == [("taken", "post", "")]


def test_after_the_last_attempt_the_next_route_is_taken(keyring):
    say(keyring, message(sms(1), MAIL))
    carrier = Carrier(**later("0639980001"))
    for hour in range(8):
        bring(carrier, keyring=keyring, now=NOW + timedelta(hours=hour))
    assert carrier.written == [MAIL]


def test_a_message_that_no_route_brings_out_has_failed_with_its_reason(keyring):
    say(keyring, message(sms(1), MAIL))
    carrier = Carrier(**refused("0639980001"), **refused("a@example.org"))
    for _ in range(2):
        bring(carrier, keyring=keyring)
    assert states() == [("failed", "email", "unknown")]
    assert Row.objects.get().ended_at == NOW


def test_a_channel_without_carrier_is_left_alone(keyring):
    put(keyring, sms(1), MAIL)
    assert deliver({Channel.EMAIL: Carrier()}, {}, keyring=keyring, now=NOW) == 1
    assert states()[0] == ("waiting", "sms", "")


# when


def test_nobody_is_woken_but_for_what_he_asked_for(keyring):
    say(keyring, message(sms(1)), message(sms(2), wakes=True), message(MAIL), now=NIGHT)
    carrier = Carrier()
    bring(carrier, keyring=keyring, now=NIGHT)
    assert carrier.written == [sms(2), MAIL]
    morning = datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert set(Row.objects.filter(state="waiting").values_list("due_at", "wanted_at", "attempts")) == {
        (morning, morning, 0)
    }
    assert bring(carrier, keyring=keyring, now=morning) == 1


def test_it_is_not_night_everywhere(keyring):
    say(keyring, message(sms(1), zone="America/Guadeloupe"), now=NIGHT)
    assert bring(Carrier(), keyring=keyring, now=NIGHT) == 1


def test_a_message_waits_for_its_time(keyring):
    tomorrow = NOW + timedelta(days=1)
    say(keyring, message(MAIL, due_at=tomorrow))
    assert bring(Carrier(), keyring=keyring) == 0
    assert bring(Carrier(), keyring=keyring, now=tomorrow) == 1


def test_what_nobody_brought_out_in_time_is_given_up(keyring):
    put(keyring, MAIL)
    carrier = Carrier()
    assert bring(carrier, keyring=keyring, now=NOW + timedelta(days=60)) == 1
    assert (carrier.carried, states()) == ([], [("expired", "email", "expired")])


def test_nothing_is_put_without_a_route_or_for_a_clock_that_does_not_exist(keyring):
    with pytest.raises(ValueError, match="no route"):
        say(keyring, message())
    with pytest.raises(ValueError, match="Europe/Pariss"):
        say(keyring, message(MAIL, zone="Europe/Pariss"))


def test_a_slow_carrier_gives_back_what_it_could_not_bring_out_before_its_lease_ends(keyring, monkeypatch):
    put(keyring, *map(sms, range(30)))
    passed = iter(range(0, 10_000, 70))
    clock = SimpleNamespace(monotonic=lambda: next(passed))  # a minute and more at each look
    monkeypatch.setattr(outbox, "time", clock)
    slow = Carrier()
    assert deliver({Channel.SMS: slow}, {}, keyring=keyring, now=NOW) == 10
    monkeypatch.undo()
    another = Carrier()
    assert deliver({Channel.SMS: another}, {}, keyring=keyring, now=NOW) == 20
    assert another.carried == [sms(number) for number in range(10, 30)]


# once


def test_what_was_said_is_not_said_again(keyring):
    assert say(keyring, message(sms(1), once=b"a"), message(sms(2), once=b"a"), message(sms(3))) == 2
    assert say(keyring, message(sms(4), once=b"a"), message(sms(5), once=b"b")) == 1
    carrier = Carrier()
    bring(carrier, keyring=keyring)
    assert carrier.carried == [sms(1), sms(3), sms(5)]
    assert Mark.objects.count() == 2


def test_of_two_who_say_the_same_at_once_one_does(keyring):
    marks = [bytes([number]) for number in range(50)]

    def run(order: int) -> int:
        try:
            return say(keyring, *[message(MAIL, once=mark) for mark in marks[::order]])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(run, (1, -1, 1, -1))) == 50


def test_what_is_undone_was_not_said(keyring):
    with pytest.raises(RuntimeError), transaction.atomic():
        say(keyring, message(MAIL, once=b"a"))
        raise RuntimeError
    assert bring(Carrier(), keyring=keyring) == 0
    assert say(keyring, message(MAIL, once=b"a")) == 1


# documents


def test_documents_are_made_when_the_letter_leaves(keyring):
    say(keyring, message(Letter(channel=Channel.EMAIL, recipient="a@b.fr", text="x", enclosures=(PDF,))))
    carrier = Carrier()
    bring(carrier, keyring=keyring, makers={"certificate": lambda of: f"%PDF of {of}".encode()})
    assert carrier.parcels[0].documents == (("attestation.pdf", "application/pdf", b"%PDF of key-1"),)


def test_a_message_that_says_nothing_true_any_more_is_dropped(keyring):
    def gone(of):
        raise Withdrawn

    say(keyring, message(Letter(channel=Channel.EMAIL, recipient="a@b.fr", text="x", enclosures=(PDF,))))
    carrier = Carrier()
    bring(carrier, keyring=keyring, makers={"certificate": gone})
    assert (carrier.carried, states()) == ([], [("dropped", "email", "withdrawn")])


def test_security_a_document_that_cannot_be_made_waits_and_names_nobody(keyring, caplog):
    def fail(of):
        raise KeyError("Jeanne Martin")

    say(keyring, message(Letter(channel=Channel.EMAIL, recipient="a@b.fr", text="x", enclosures=(PDF,))))
    bring(Carrier(), keyring=keyring, makers={"certificate": fail})
    assert states() == [("waiting", "email", "document")]
    assert "KeyError" in caplog.text
    assert "Martin" not in caplog.text


# several workers, and their deaths


def test_two_processes_do_not_send_the_same_letter(keyring):
    """Letters that one process has in its hands are left alone by the other, though no transaction is open."""
    put(keyring, sms(1), sms(2))
    other = Carrier()

    class Slow(Carrier):
        def carry(self, parcels):
            assert not connection.in_atomic_block
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(elsewhere).result() == 0
            return super().carry(parcels)

    def elsewhere() -> int:
        try:
            return bring(other, keyring=keyring)
        finally:
            connection.close()

    mine = Slow()
    assert bring(mine, keyring=keyring) == 2
    assert (len(mine.carried), other.carried) == (2, [])


def test_what_a_dead_worker_had_in_its_hands_is_tried_again_and_never_lost(keyring):
    put(keyring, sms(1), sms(2))
    dying = Carrier(to_0639980002=SystemExit())  # after it carried the first one
    with pytest.raises(SystemExit):
        bring(dying, keyring=keyring)
    another = Carrier()
    assert bring(another, keyring=keyring, now=NOW + queue.LEASE - timedelta(seconds=1)) == 0
    assert bring(another, keyring=keyring, now=NOW + queue.LEASE) == 2
    assert another.carried == [sms(1), sms(2)]  # a second copy of the first, at most


def test_a_worker_that_comes_too_late_changes_nothing(keyring):
    put(keyring, sms(1))

    class Late(Carrier):
        def carry(self, parcels):
            bring(Carrier(**refused("0639980001")), keyring=keyring, now=NOW + queue.LEASE)
            return super().carry(parcels)

    bring(Late(), keyring=keyring)
    assert states() == [("failed", "sms", "unknown")]


# sealed


def test_security_what_could_not_leave_is_logged_without_its_recipient(keyring, caplog):
    put(keyring, sms(1))
    failing = Carrier(to_0639980001=ConnectionError("0639980001 cannot be reached"))
    bring(failing, keyring=keyring)
    assert "ConnectionError" in caplog.text
    assert "0639980001" not in caplog.text


def test_a_letter_whose_transaction_is_undone_never_leaves(keyring):
    with pytest.raises(RuntimeError), transaction.atomic():
        put(keyring, sms(1))
        raise RuntimeError
    assert bring(Carrier(), keyring=keyring) == 0


def test_a_letter_whose_key_is_gone_is_put_away_unread(keyring):
    put(keyring, sms(1))
    keyring.destroy_expired(UNTIL + timedelta(days=1))
    carrier = Carrier()
    assert bring(carrier, keyring=Keyring(keyring.root)) == 1
    assert (carrier.carried, states()) == ([], [("expired", "sms", "expired")])
    assert list(newest(keyring=Keyring(keyring.root))) == []


def test_a_letter_that_nobody_can_open_is_given_up(keyring):
    put(keyring, sms(1))
    Row.objects.update(sealed=b"x" * 60)
    assert bring(Carrier(), keyring=keyring) == 1
    assert states() == [("failed", "sms", "unreadable")]


def test_a_letter_of_before_there_were_routes_leaves_too(keyring):
    key = uuid7()
    content = json.dumps(["a@example.org", "À lire", "texte"]).encode()
    sealed = Sealer(keyring, Purpose.MESSAGE, UNTIL).seal(content, context=key.bytes)
    Row.objects.create(
        id=key, created_at=NOW, wanted_at=NOW, due_at=NOW, channel="email", sealed=sealed, expires_on=UNTIL
    )
    carrier = Carrier(**refused("a@example.org"))
    bring(carrier, keyring=keyring)
    assert states() == [(State.FAILED, "email", "unknown")]
    ((_, letter),) = newest(keyring=keyring)
    assert (letter.subject, letter.text, letter.channel) == ("À lire", "texte", Channel.EMAIL)


def test_the_demo_reads_the_newest_first(keyring):
    for number in range(3):
        put(keyring, sms(number), now=NOW + timedelta(minutes=number))
    bring(LocalCarrier(), keyring=keyring, now=NOW + timedelta(minutes=5))
    assert [letter for _, letter in newest(keyring=keyring, most=2)] == [sms(2), sms(1)]


def test_security_the_outbox_says_nothing_in_clear(keyring, owner):
    say(keyring, message(MAIL, sms(1), POST))
    rows = owner.execute("SELECT * FROM messaging_message").fetchall()
    said = b"".join(v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row)
    for spoken in ("example.org", "0639980001", "À lire", "text 1", "é" * 10, "rue B"):
        assert spoken.encode() not in said


def test_what_the_version_before_writes_while_it_changes_over_leaves_too(keyring, owner):
    key = uuid7()
    content = json.dumps(["0639980001", "", "texte"]).encode()
    sealed = Sealer(keyring, Purpose.MESSAGE, UNTIL).seal(content, context=key.bytes)
    owner.execute(
        "INSERT INTO messaging_message (id, created_at, channel, sealed, expires_on) VALUES (%s, %s, 'sms', %s, %s)",
        (key, NOW, sealed, UNTIL),
    )
    Row.objects.update(due_at=NOW)  # the database's own clock
    carrier = Carrier()
    assert bring(carrier, keyring=keyring) == 1
    assert carrier.carried == [Letter(channel=Channel.SMS, recipient="0639980001", text="texte")]


def test_security_nobody_is_buried_under_messages_that_a_sender_addresses_to_him(keyring):
    most = policy().of(Channel.SMS, NOW.date()).most
    say(keyring, *[message(sms(1), MAIL) for _ in range(most + 2)], message(sms(2)))
    carrier = Carrier()
    for _ in range(2):
        bring(carrier, keyring=keyring)
    numbers = Counter(letter.recipient for letter in carrier.carried)
    assert numbers == {"0639980001": most, "0639980002": 1, "a@example.org": 2}
    assert Row.objects.filter(state="taken", channel="email", reason="").count() == 2
    say(keyring, message(sms(1)), message(sms(1), about="code", wakes=True))
    bring(carrier, keyring=keyring)
    assert states()[-2:] == [("failed", "sms", "often"), ("taken", "sms", "")]
    say(keyring, message(sms(1)), now=NOW + timedelta(days=1))
    assert bring(carrier, keyring=keyring, now=NOW + timedelta(days=1)) == 1


def test_what_is_tried_again_counts_once(keyring):
    say(keyring, message(sms(1)))
    for hour in range(3):
        bring(Carrier(**later("0639980001")), keyring=keyring, now=NOW + timedelta(hours=hour))
    assert Tally.objects.get().number == 1


@pytest.mark.parametrize(
    ("routes", "answer"),
    [((sms(1),), Answer.LATER), ((sms(1), MAIL), Answer.LATER), ((sms(1), MAIL), Answer.REFUSED)],
)
def test_what_is_withdrawn_in_a_carriers_hands_and_comes_back_leaves_no_more(keyring, routes, answer):
    class Slow(Carrier):
        def carry(self, parcels):
            with transaction.atomic(), connection.cursor() as cursor:
                outbox.withdraw(cursor, [b"told"], now=NOW)
            return [Outcome(answer=answer, reason="busy") for _ in parcels]

    say(keyring, message(*routes, concerns=b"told"))
    deliver({Channel.SMS: Slow()}, {}, keyring=keyring, now=NOW)
    after = Carrier()
    bring(after, keyring=keyring, now=NOW + timedelta(hours=1))
    assert (after.carried, states()[-1][::2]) == ([], ("dropped", "withdrawn"))


def test_what_is_withdrawn_in_the_hands_of_a_dead_worker_leaves_no_more(keyring):
    say(keyring, message(sms(1), concerns=b"told"))
    queue.claim(Channel.SMS, now=NOW, until=NOW + queue.LEASE, most=1)
    with transaction.atomic(), connection.cursor() as cursor:
        outbox.withdraw(cursor, [b"told"], now=NOW)
    after = Carrier()
    bring(after, keyring=keyring, now=NOW + timedelta(hours=1))
    assert (after.carried, states()) == ([], [("dropped", "sms", "withdrawn")])
