"""The worker goes on: what fails waits, and nothing else waits for it."""

import threading
import time
from datetime import date

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, transaction
from tests.factories import NOW
from tests.functional.settling import PATIENCE

from rempart.foundation.database.keys import uuid7
from rempart.foundation.events.stream import Subscriber, publish, waiting
from rempart.foundation.messaging.models import Message
from rempart.foundation.vault import SealBroken
from rempart.site import worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def handled(monkeypatch):
    """What a good subscriber, who comes after a bad one, was given."""
    topics = []

    def refuse(cursor, events):
        raise SealBroken("altered")

    def take(cursor, events):
        topics.extend(event.topic for event in events)

    both = tuple(
        Subscriber(name=name, topics=("tests",), handle=handle)
        for name, handle in (("bad", refuse), ("good", take))
    )
    monkeypatch.setattr(worker, "subscribers", lambda: both)
    return topics


def happen_and_work():
    """An event, and rounds until the good subscriber has it: a transaction open elsewhere holds it back."""
    with transaction.atomic(), connection.cursor() as cursor:
        publish(cursor, topic="tests", payload={}, now=NOW)
    good = worker.subscribers()[1]
    deadline = time.monotonic() + PATIENCE
    while waiting(good):
        worker._round()
        assert time.monotonic() < deadline


def test_a_subscriber_that_fails_holds_up_no_other(handled, keyring, caplog):
    happen_and_work()
    assert handled == ["tests"]
    assert "bad failed" in caplog.text


def test_a_letter_that_cannot_be_opened_does_not_end_the_worker(handled, keyring, caplog):
    soon = {"created_at": NOW, "wanted_at": NOW, "due_at": NOW}
    Message.objects.create(id=uuid7(), channel="email", sealed=b"x" * 50, expires_on=date(2100, 1, 1), **soon)
    for _ in range(2):
        happen_and_work()
    assert handled == ["tests", "tests"]


def test_a_database_that_is_gone_is_told_from_a_letter(handled, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(worker.carriers, "send_letters", gone)
    with pytest.raises(OperationalError):
        worker._round()


@pytest.mark.parametrize("run", [worker.run, worker.run_urgent])
def test_who_waits_for_the_bell_outlives_its_connection(
    handled, keyring, cluster, query, monkeypatch, caplog, run
):
    monkeypatch.setattr(worker, "_PATIENCE", 0.05)
    stop, others = threading.Event(), set(query(_LISTENERS))  # those of pages that earlier tests left open
    working = threading.Thread(target=run, args=(stop,))
    working.start()
    try:
        (ours,) = eventually(lambda: set(query(_LISTENERS)) - others)
        with psycopg.connect(cluster.admin_url) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", ours)
        assert eventually(lambda: set(query(_LISTENERS)) - others - {ours})
    finally:
        stop.set()
        working.join(PATIENCE)
    assert "the database does not answer" in caplog.text


_LISTENERS = """SELECT pid FROM pg_stat_activity
                WHERE application_name = 'rempart listener' AND datname = current_database()"""


def eventually(found):
    deadline = time.monotonic() + PATIENCE
    while not (what := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return what


def test_visits_that_ended_are_forgotten(handled, keyring, monkeypatch):
    def visit(ended):
        store = SessionStore()
        store["portal-reference"] = "R" * 22
        store.set_expiry(-1 if ended else 60)
        store.create()
        return store.session_key

    visit(ended=True)
    under_way = visit(ended=False)
    stop = threading.Event()
    monkeypatch.setattr(worker.carriers, "send_letters", stop.set)
    worker.run(stop)
    assert [row.session_key for row in Session.objects.all()] == [under_way]
