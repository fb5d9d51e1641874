"""The outbox and its carriers together: a text leaves for the centre, its receipt ends it, and STOP is heard."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from pydantic import ValidationError
from tests.functional.test_outbox import MAIL, UNTIL, sms

from rempart.foundation.messaging.carriers.smpp_session import Gateway
from rempart.foundation.messaging.carriers.smtp import Security
from rempart.foundation.messaging.letters import Channel, Message
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.models import Refusal
from rempart.foundation.messaging.outbox import post
from rempart.simulators.sms.centre import Centre, Habits, running
from rempart.site import carriers
from rempart.site.mail_settings import MailServer, SmsCentre
from rempart.site.refusals import CannotRun

PATIENCE = 10.0


@pytest.fixture
def centre(settings):
    centre = Centre(habits=Habits(unreachable=("02",), stops=("03",), receipt_seconds=0.01))
    with running(centre) as port:
        settings.SMS_CENTRE = Gateway(
            host="127.0.0.1", port=port, system_id="rempart", password="secret", source="38000", tls=False
        )
        yield centre


@pytest.mark.django_db(transaction=True)
def test_texts_leave_and_what_becomes_of_them_comes_back(centre, keyring):
    texts = [
        Message(about="notice", routes=(sms(number), MAIL), expires_on=UNTIL.replace(year=2099), wakes=True)
        for number in (1, 2, 3)
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        post(cursor, texts, keyring=keyring, now=datetime.now(UTC))
    stop = threading.Event()
    working = threading.Thread(target=carriers.run, args=(stop,))
    working.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while Row.objects.filter(state="delivered").count() < 2 or not Refusal.objects.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while not Row.objects.filter(state="waiting", channel="email").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        working.join()
    assert Row.objects.get(channel="email").reason == "smpp.undeliv.027"
    assert sorted(one.number[-2:] for one in centre.arrived) == ["01", "02", "03"]
    assert carriers.send_letters() == 1  # the mail has no server: the outbox keeps it as read
    assert carriers.outside() == {Channel.SMS}


def test_settings_that_cannot_be_are_refused_by_name():
    with pytest.raises(CannotRun, match="REMPART_SMTP_SENDER"):
        MailServer(host="mail.example.org").relay()
    with pytest.raises(CannotRun, match="REMPART_SMTP_SECURITY"):
        MailServer(host="mail.example.org", sender="a@example.org", security=Security.NONE).relay()
    with pytest.raises(CannotRun, match="REMPART_SMS_SYSTEM_ID, REMPART_SMS_PASSWORD, REMPART_SMS_SOURCE"):
        SmsCentre(host="sms.example.org").gateway()
    with pytest.raises(ValidationError):
        SmsCentre(rate=0)


def test_settings_become_a_relay_and_a_gateway():
    relay = MailServer(
        host="mail.example.org", sender="ne-pas-repondre@example.org", password="secret"
    ).relay()
    assert (relay.port, relay.domain, relay.security) == (587, "example.org", Security.STARTTLS)
    assert "secret" not in repr(relay)
    gateway = SmsCentre(host="s", system_id="a", password="secret", source="38000").gateway()
    assert gateway.tls
    assert "secret" not in repr(gateway)
    assert MailServer().relay() is SmsCentre().gateway() is None
