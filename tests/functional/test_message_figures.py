"""How messages get on: counts by hour, state and reason, and what is late; a page and a command that say so."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
import typer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import NOW as MORNING
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.test_outbox import MAIL, POST, Carrier, bring, later, message, put, refused, say, sms

from rempart.foundation.access.actor import Role
from rempart.foundation.messaging import tasks
from rempart.foundation.messaging.figures import WINDOW, figures, waiting
from rempart.foundation.messaging.letters import Channel, State
from rempart.foundation.messaging.models import Message
from rempart.foundation.messaging.outbox import deliver
from rempart.site import runtime
from rempart.site.commands import messages as messages_commands
from rempart.site.letters_pages import REASONS, bars, why

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
NOW = MORNING + 6 * HOUR


@pytest.fixture
def a_day(keyring):
    """Three texts arrive, of which one was late; a mail waits; a number that is none is written to by post."""
    put(keyring, sms(1), sms(2), now=NOW - 3 * HOUR)
    bring(Carrier(), keyring=keyring, now=NOW - 3 * HOUR)
    put(keyring, sms(3), now=NOW - 2 * HOUR)
    bring(Carrier(), keyring=keyring, now=NOW - HOUR)
    Message.objects.filter(taken_at=NOW - HOUR).update(state="delivered")
    put(keyring, MAIL, now=NOW - HOUR)
    bring(Carrier(**later("a@example.org")), keyring=keyring, now=NOW - HOUR)
    say(keyring, message(sms(4), POST), now=NOW - timedelta(minutes=5))
    by_text = {Channel.SMS: Carrier(**refused("0639980004"))}
    deliver(by_text, {}, keyring=keyring, now=NOW - timedelta(minutes=5))
    say(keyring, message(sms(5), due_at=NOW + HOUR))


def test_what_left_by_the_hour_and_what_became_of_it(a_day):
    found = figures(now=NOW)
    by_hour = dict(zip(found.hours, found.left[Channel.SMS], strict=True))
    assert len(found.hours) == 24
    assert {hour: count for hour, count in by_hour.items() if count} == {NOW - 3 * HOUR: 2, NOW - HOUR: 1}
    assert found.states[Channel.SMS] == {State.TAKEN: 2, State.DELIVERED: 1, State.WAITING: 1}
    assert found.states[Channel.POST] == {State.WAITING: 1}
    assert set(found.reasons) == {
        (Channel.EMAIL, State.WAITING, "busy", 1),
        (Channel.POST, State.WAITING, "unknown", 1),
    }


def test_what_waits_and_what_is_late(a_day):
    by_channel = {one.channel: one for one in waiting(now=NOW)}
    mail, post, text = by_channel[Channel.EMAIL], by_channel[Channel.POST], by_channel[Channel.SMS]
    assert (mail.count, mail.late, mail.tried, mail.oldest) == (1, 1, 1, NOW - HOUR)
    assert (post.count, post.late, post.tried) == (1, 0, 1)
    assert (text.count, text.late, text.to_come, text.oldest) == (1, 0, 1, None)
    assert figures(now=NOW).late == 1


def test_what_was_held_for_the_night_is_not_late_in_the_morning(keyring):
    night = NOW.replace(hour=22, minute=0)
    put(keyring, sms(1), now=night)
    bring(Carrier(), keyring=keyring, now=night)
    morning = (NOW + timedelta(days=1)).replace(hour=7, minute=0)
    assert [one.late for one in waiting(now=morning + timedelta(minutes=10))] == [0]
    assert [one.late for one in waiting(now=morning + timedelta(minutes=16))] == [1]


def test_two_queries_whatever_there_is(a_day):
    with CaptureQueriesContext(connection) as queries:
        figures(now=NOW)
    assert len(queries) == 2


def test_nothing_is_no_figure(keyring):
    found = figures(now=NOW)
    assert (found.states, found.reasons, found.waiting, found.late) == ({}, [], [], 0)
    assert found.since == NOW - WINDOW + HOUR


def test_bars_stand_on_the_ground_and_the_tallest_reaches_the_top():
    drawn = bars([NOW + rank * HOUR for rank in range(4)], [0, 1, 500, 1000])
    assert [bar.height for bar in drawn] == [0, 1.5, 30, 60]
    assert all(bar.y + bar.height == 60 for bar in drawn)


@pytest.mark.parametrize(
    ("reason", "begins"),
    [("smtp.5.1.1", "smtp.5.1"), ("smtp.451", "smtp.4"), ("smpp.undeliv.027", "smpp.undeliv"), ("else", "")],
)
def test_a_reason_is_said_in_words(reason, begins):
    assert why(reason) is REASONS[begins]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.COMMUNICATION])
def test_the_page_shows_what_is_late_and_names_nobody(a_day, client, role, settings):
    Message.objects.update(created_at=datetime.now(UTC))  # the page looks at the clock
    sign_in(client, account(role, name="Agent"))
    page = client.get("/messages/").content.decode()
    for shown in (
        "Messages aux personnes",
        "SMS",
        "Courriel",
        "Courrier postal",
        "en retard",
        "Aucun service d’envoi",
    ):
        assert shown in page
    for hidden in ("example.org", "0639980", "rue B", "text 1"):
        assert hidden not in page


def test_nobody_else_sees_it(client, transactional_db):
    sign_in(client, account(Role.INVESTIGATOR, "75", name="Agent"))
    assert client.get("/messages/").status_code == 403


def test_the_command_says_what_is_late_and_ends_badly(a_day, monkeypatch, capsys):
    monkeypatch.setattr(runtime, "platform", nullcontext)
    with pytest.raises(typer.Exit) as ended:
        messages_commands.status(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert ended.value.exit_code == 1
    assert told["late"] >= 1
    assert {one["channel"] for one in told["waiting"]} == {"email", "post", "sms"}


def test_what_is_late_is_said_in_the_log(a_day, caplog):
    tasks.look(timestamp=int(NOW.timestamp()))
    assert "1 letters are late by email" in caplog.text
    assert "example.org" not in caplog.text
