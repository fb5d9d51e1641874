"""Whoever wants no more messages gets none, but for what he asks for."""

import re

import pytest
from django.db import connection, transaction
from tests.factories import NOW
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.test_outbox import MAIL, Carrier, bring, message, refused, say, sms, states

from rempart.foundation.access.actor import Role
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.messaging import refusals
from rempart.foundation.messaging.letters import Channel, Letter
from rempart.foundation.messaging.models import Refusal
from rempart.foundation.messaging.outbox import failed
from rempart.foundation.messaging.refusals import How, says_stop
from rempart.protection.rights.services.refusing import note_refusal
from rempart.site.operator import operator

pytestmark = pytest.mark.django_db(transaction=True)


def stop(keyring, channel: Channel, recipient: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        refusals.refuse(cursor, channel, recipient, how=How.STOP, keyring=keyring, now=NOW)


def link_in(carrier: Carrier) -> str:
    header = carrier.carried[0].headers["List-Unsubscribe"]
    return re.fullmatch(r"<https?://[^/]+(/messages/arret/[\w-]+/)>", header)[1]


def test_who_said_stop_is_told_by_another_way_or_not_at_all(keyring):
    stop(keyring, Channel.SMS, "33639980001")  # as the operator writes it
    say(keyring, message(sms(1), MAIL), message(sms(1)), message(sms(2)))
    carrier = Carrier()
    for _ in range(2):
        bring(carrier, keyring=keyring)
    assert [letter.recipient for letter in carrier.carried] == ["0639980002", "a@example.org"]
    assert states()[:2] == [("taken", "email", ""), ("dropped", "sms", "unwanted")]


def test_what_one_asks_for_comes_all_the_same(keyring):
    stop(keyring, Channel.SMS, "+33 6 39 98 00 01")
    say(keyring, message(sms(1), about="code", wakes=True))
    assert bring(Carrier(), keyring=keyring) == 1


def test_a_refusal_after_the_message_was_put_counts(keyring):
    say(keyring, message(sms(1)))
    stop(keyring, Channel.SMS, "0639980001")
    bring(Carrier(), keyring=keyring)
    assert states() == [("dropped", "sms", "unwanted")]


def test_whom_nothing_told_is_found_whether_it_failed_or_was_refused(keyring):
    stop(keyring, Channel.SMS, "0639980001")
    say(
        keyring,
        message(sms(1), about="result.positive", concerns=b"a"),
        message(sms(2), about="result.positive", concerns=b"b"),
        message(sms(3), about="result.positive", concerns=b"c"),
    )
    bring(Carrier(**refused("0639980002")), keyring=keyring)
    with connection.cursor() as cursor:
        assert sorted(failed(cursor, about="result.positive", since=NOW)) == [b"a", b"b"]


def test_a_refusal_is_forgotten_a_year_after_it_last_stopped_something(keyring):
    stop(keyring, Channel.SMS, "0639980001")
    first = Refusal.objects.get().expires_on
    say(keyring, message(sms(1)))
    later = NOW.replace(month=12)
    bring(Carrier(), keyring=keyring, now=later)
    assert Refusal.objects.get().expires_on - first == later.date() - NOW.date()


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("STOP", True),
        ("stop svp", True),
        (" Stop.", True),
        ("arrêt", True),
        ("ne pas stopper", False),
        ("", False),
    ],
)
def test_what_says_stop(text, stops):
    assert says_stop(text) == stops


def test_a_mail_program_refuses_with_one_click_and_without_cookies(keyring, client):
    say(keyring, message(MAIL))
    carrier = Carrier()
    bring(carrier, keyring=keyring)
    assert carrier.carried[0].headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert carrier.carried[0].headers["X-Kind"] == "test"
    assert link_in(carrier) in carrier.carried[0].text
    assert link_in(carrier) in carrier.carried[0].html
    client.handler.enforce_csrf_checks = True
    assert client.post(link_in(carrier), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert set(Refusal.objects.values_list("channel", "how")) == {("email", "link")}
    say(keyring, message(MAIL))
    bring(carrier, keyring=keyring)
    assert states()[1] == ("dropped", "email", "unwanted")


def test_following_the_link_refuses_nothing(keyring, client):
    say(keyring, message(MAIL))
    carrier = Carrier()
    bring(carrier, keyring=keyring)
    page = client.get(link_in(carrier))
    assert "Ne plus m’écrire" in page.content.decode()
    assert not Refusal.objects.exists()


def test_who_refused_can_take_it_back(keyring, client):
    path = f"/messages/arret/{refusals.token_of('a@example.org', keyring=keyring)}/"
    page = client.post(path)
    assert "Recevoir de nouveau" in page.content.decode()
    client.post(path, {"again": "1"})
    assert not Refusal.objects.exists()


def test_the_officer_notes_and_lifts_a_refusal_and_the_trail_names_nobody(keyring, client, query):
    sign_in(client, account(Role.DATA_PROTECTION, name="Déléguée"))
    path = "/droits/demandes/messages/"
    for wrong in ("01 23 45 67 89", "abc"):
        page = client.post(path, {"channel": "sms", "recipient": wrong})
        assert "vérifiez-le" in page.content.decode()
    assert client.post(path, {"channel": "sms", "recipient": "06 39 98 00 01"}).status_code == 302
    say(keyring, message(sms(1)))
    bring(Carrier(), keyring=keyring)
    assert states() == [("dropped", "sms", "unwanted")]
    client.post(path, {"channel": "sms", "recipient": "+33639980001", "again": "on"})
    assert not Refusal.objects.exists()
    traced = query("SELECT subject, details FROM audit_entry WHERE act = 'messages-refused' ORDER BY id")
    assert traced == [("sms", {"channel": "sms", "again": again}) for again in (False, True)]


def test_nobody_else_notes_a_refusal(keyring):
    with pytest.raises(NotAllowed):
        note_refusal(
            actor=operator(),
            channel=Channel.SMS,
            recipient="0639980001",
            again=False,
            keyring=keyring,
            now=NOW,
        )


def test_security_a_token_names_nobody_and_is_not_guessed(keyring, client):
    token = refusals.token_of("jeanne.martin@example.org", keyring=keyring)
    assert token == refusals.token_of(" Jeanne.Martin@Example.org", keyring=keyring)
    assert "jeanne" not in token.lower()
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    for wrong in (altered, token[:-1], "x", "é", token[:21]):
        assert client.post(f"/messages/arret/{wrong}/").status_code == 404
    assert not Refusal.objects.exists()


def test_what_may_not_be_refused_carries_no_link(keyring):
    code = Letter(channel=Channel.EMAIL, recipient="a@example.org", text="123456")
    say(keyring, message(code, about="code"))
    carrier = Carrier()
    bring(carrier, keyring=keyring)
    assert not carrier.carried[0].headers


def test_security_who_refused_is_in_nobodys_sight(keyring, owner):
    stop(keyring, Channel.SMS, "0639980001")
    said = str(owner.execute("SELECT * FROM messaging_refusal").fetchall())
    assert "639980001" not in said
