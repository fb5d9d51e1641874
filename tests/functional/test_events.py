"""Events: each one handled exactly once, in the order of their transactions, whoever fails in between."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction
from tests.factories import NOW
from tests.functional.settling import settle, step

from rempart.foundation.database.row_security import set_sight
from rempart.foundation.events import bell
from rempart.foundation.events.stream import Overtaken, Subscriber, advance, publish, waiting

pytestmark = pytest.mark.django_db(transaction=True)


def say(*payloads, topic="t"):
    """One transaction that publishes."""
    with transaction.atomic(), connection.cursor() as cursor:
        for payload in payloads:
            publish(cursor, topic=topic, payload=payload, now=NOW)


@contextmanager
def elsewhere(database):
    """Another connection of the application."""
    with psycopg.connect(database.app_url) as other:
        yield other.cursor()


class Listener:
    """A subscriber that writes down what it gets; `fails` tells it to break after its work."""

    def __init__(self, *, name="listener", topics=("t",), batch=20):
        self.got, self.fails = [], False
        self.subscriber = Subscriber(name=name, topics=topics, handle=self.handle, batch=batch)

    def handle(self, cursor, events):
        # its effect is in the database, in the transaction of the position
        for event in events:
            cursor.execute(
                "INSERT INTO directories_laboratory (finess, name, department, address, phone)"
                " VALUES (%s, %s, '75', '', '')",
                (f"{self.subscriber.name[:3]}{event.payload:05d}", "x"),
            )
        if self.fails:
            raise RuntimeError("broken in the middle")
        self.got += [event.payload for event in events]

    def run(self) -> int:
        """One batch; whoever holds it back in another test is waited for."""
        return step(self.subscriber)

    def run_now(self) -> int:
        return advance(self.subscriber)

    def run_all(self) -> None:
        settle(self.subscriber)


@pytest.fixture
def effects(query):
    return lambda: [
        int(name[3:]) for (name,) in query("SELECT finess FROM directories_laboratory ORDER BY 1")
    ]


def test_an_event_is_handled_once(effects):
    listener = Listener()
    say(1, 2)
    assert waiting(listener.subscriber) == 2
    assert [listener.run(), listener.run()] == [2, 0]
    assert (listener.got, effects(), waiting(listener.subscriber)) == ([1, 2], [1, 2], 0)


def test_a_handler_that_fails_in_the_middle_leaves_nothing_and_gets_it_again(effects):
    listener = Listener()
    say(1)
    listener.fails = True
    for _ in range(2):
        with pytest.raises(RuntimeError):
            listener.run()
        assert effects() == []
    listener.fails = False
    say(2)
    listener.run_all()
    assert (listener.got, effects()) == ([1, 2], [1, 2])


def test_each_subscriber_has_its_own_position():
    one, other = Listener(name="one"), Listener(name="two")
    say(1)
    one.run()
    say(2)
    one.run()
    other.run_all()
    assert (one.got, other.got) == ([1, 2], [1, 2])


def test_a_subscriber_gets_its_topics_only():
    listener = Listener(topics=("t", "u"))
    say(1, topic="v")
    say(2, topic="u")
    say(3)
    listener.run_all()
    assert listener.got == [2, 3]


def test_batches_follow_each_other_without_gap_or_repeat():
    listener = Listener(batch=3)
    for rank in range(0, 10, 2):
        say(rank, rank + 1)  # pairs of one transaction, cut by batches of three
    sizes = []
    while size := listener.run():
        sizes.append(size)
    assert max(sizes) <= 3
    assert listener.got == list(range(10))


def test_a_publication_that_is_undone_never_happened():
    listener = Listener()
    with pytest.raises(RuntimeError), transaction.atomic():
        say(1)
        raise RuntimeError
    say(2)
    listener.run()
    assert listener.got == [2]


def test_a_transaction_that_commits_late_is_not_skipped(test_database):
    """The first begins and publishes; the second publishes and commits; nobody reads past the first."""
    listener = Listener()
    with elsewhere(test_database) as first:
        publish(first, topic="t", payload=1, now=NOW)
        say(2)
        assert listener.run_now() == 0
        assert waiting(listener.subscriber) == 1  # what can be seen, if not read
        first.connection.commit()
    listener.run_all()
    assert listener.got == [1, 2]


def test_a_late_transaction_with_a_lower_number_comes_before_what_was_committed_earlier(test_database):
    listener = Listener()
    with elsewhere(test_database) as early, elsewhere(test_database) as late:
        early.execute("SELECT pg_current_xact_id()")  # its number is given now
        publish(late, topic="t", payload=2, now=NOW)
        late.connection.commit()
        assert listener.run_now() == 0
        publish(early, topic="t", payload=1, now=NOW)
        early.connection.commit()
    listener.run_all()
    assert listener.got == [1, 2]  # the order of transactions, not of event numbers


def test_a_transaction_undone_late_holds_nobody_for_ever(test_database):
    listener = Listener()
    with elsewhere(test_database) as first:
        publish(first, topic="t", payload=1, now=NOW)
        say(2)
        first.connection.rollback()
    listener.run()
    assert listener.got == [2]


def test_reading_while_many_write_loses_nothing(test_database):
    listener, done = Listener(batch=5), threading.Event()

    def write(number):
        try:
            with psycopg.connect(test_database.app_url) as own:
                for rank in range(25):
                    with own.transaction(), own.cursor() as cursor:
                        publish(cursor, topic="t", payload=number * 100 + rank, now=NOW)
        finally:
            connection.close()

    def read():
        try:
            while not done.is_set() or waiting(listener.subscriber):
                listener.run_now()
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write, number) for number in range(4)]:
            writer.result()
        done.set()
        reader.result()
    assert len(listener.got) == 100
    for number in range(4):  # each writer's own order is kept
        assert [p for p in listener.got if p // 100 == number] == [number * 100 + rank for rank in range(25)]


def test_two_workers_on_one_subscriber_do_everything_once(effects):
    for rank in range(40):
        say(rank)
    listener = Listener(batch=3)

    def work():
        try:
            while waiting(listener.subscriber):
                listener.run_now()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for worker in [pool.submit(work), pool.submit(work)]:
            worker.result()
    assert sorted(listener.got) == effects() == list(range(40))


def test_a_worker_that_finds_the_position_taken_goes_away_at_once():
    inside, finish = threading.Event(), threading.Event()
    say(1)
    listener = Listener()
    listener.run()
    say(2)

    def hold(cursor, events):
        inside.set()
        finish.wait(10)

    holder = Subscriber(name="listener", topics=("t",), handle=hold)

    def work():
        try:
            return step(holder)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(work)
        assert inside.wait(10)
        assert listener.run_now() == 0
        finish.set()
        assert busy.result() == 1
    assert listener.got == [1]


def test_a_handler_that_takes_its_time_holds_back_nobody_else():
    inside, finish = threading.Event(), threading.Event()
    slow = Listener(name="slow")
    slow.run()
    say(1)
    slow.run()
    say(2)

    def hold(cursor, events):
        inside.set()
        finish.wait(60)

    def work():
        try:
            return step(Subscriber(name="slow", topics=("t",), handle=hold))
        finally:
            connection.close()

    quick = Listener(name="quick")
    quick.run_all()
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(work)
        try:
            assert inside.wait(20)
            say(3)  # has a later number than whatever the slow one has
            assert quick.run() == 1
        finally:
            finish.set()
        assert busy.result() >= 1
    assert quick.got == [1, 2, 3]


def test_whoever_is_overtaken_leaves_nothing(test_database, effects):
    """A worker of another version takes no such lock: what both have handled is kept once."""
    listener = Listener()
    say(1)
    listener.run()
    say(2)

    def is_overtaken(cursor, events):
        listener.handle(cursor, events)
        with elsewhere(test_database) as other:
            other.execute("UPDATE events_position SET event_id = event_id + 1 WHERE subscriber = 'listener'")
            other.connection.commit()

    with pytest.raises(Overtaken):
        step(Subscriber(name="listener", topics=("t",), handle=is_overtaken))
    assert effects() == [1]


def test_a_handler_sees_every_department(keep):
    seen = []

    def look(cursor, events):
        cursor.execute("SELECT current_setting('rempart.everything')")
        seen.append(cursor.fetchone()[0])

    say(1)
    with connection.cursor() as cursor:
        set_sight(cursor, departments=())
    step(Subscriber(name="looks", topics=("t",), handle=look))
    assert seen == ["*"]


def test_the_bell_wakes_who_listens():
    heard = bell.listen(bell.EVENTS, patience=10)
    next(heard)  # LISTEN is on
    for _ in range(200):
        bell.events.ring()
    next(heard)  # would wait ten seconds
    heard.close()


def test_a_bell_says_what_it_rings_about():
    bell_ = bell.Bell("rempart_tests")
    heard = bell.listen("rempart_tests", patience=10)
    next(heard)
    bell_.ring(["75"])
    assert next(heard) == {"75"}
    pause = time.monotonic() + 2 * bell.COALESCE_SECONDS
    for about in (["69"], ["2A", "69"]):
        bell_.ring(about)
    assert next(heard) == {"69", "2A"}
    while time.monotonic() < pause:
        time.sleep(0.01)
    bell_.ring(["75"])
    bell_.ring()  # about everything: whatever else was said
    said = next(heard)
    assert said in (set(), {"75"})
    if said:
        assert next(heard) == set()
    heard.close()


def test_who_hears_no_bell_looks_by_himself():
    heard = bell.listen("rempart_never", patience=0.05)
    assert [next(heard) for _ in range(3)] == [frozenset()] * 3
    heard.close()
