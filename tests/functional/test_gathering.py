"""Messages that come one by one are kept together: each for itself, none before it is on disk, and not too many."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection
from psycopg.errors import DataError
from tests import messages
from tests.factories import COVID, LAB, finess_in, machine, message, of
from tests.functional.doors import HL7

from rempart.screening import api
from rempart.screening.services import gathering
from rempart.screening.services.gathering import Full, Gathering, NotKept
from rempart.screening.services.intake import Intake
from rempart.screening.services.prepared import delivery_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def together(keyring):
    return Gathering(keyring=keyring, pathogen=COVID)


def brought(number, laboratory=LAB):
    """The one message of a delivery of a laboratory."""
    one = of(number)
    judged = message(one, sender=laboratory)
    delivery = delivery_of(judged.item.raw, channel="https", laboratory=laboratory)
    return type(judged)(item=judged.item, judgement=judged.judgement, delivery=delivery)


class Held:
    """`keep`, which waits at its first call until it is told to go on."""

    def __init__(self, keep):
        self.keep, self.begun, self.go_on, self.batches = keep, threading.Event(), threading.Event(), []

    def __call__(self, batch, **more):
        self.batches.append(len(batch))
        self.begun.set()
        assert self.go_on.wait(60)
        return self.keep(batch, **more)


@pytest.fixture
def held(monkeypatch):
    found = Held(gathering.keep)
    monkeypatch.setattr(gathering, "keep", found)
    return found


def test_all_that_wait_are_kept_in_one_transaction_and_stay_apart(together, held, query):
    first = together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    actors = [machine(LAB) for _ in range(20)]
    others = [
        together.add([brought(number)], actor=actor, size=1) for number, actor in enumerate(actors, start=1)
    ]
    assert not any(one.done() for one in others)
    held.go_on.set()
    kept = [future.result(60)[0] for future in (first, *others)]
    assert held.batches == [1, 20]
    assert len({one.delivery_id for one in kept}) == 21
    assert query("SELECT count(*), count(DISTINCT delivery_id) FROM screening_result") == [(21, 21)]
    told = dict(query("SELECT subject, actor FROM audit_entry WHERE act = 'delivery-received'"))
    assert [told[str(one.delivery_id)] for one in kept[1:]] == [actor.id for actor in actors]


def test_who_was_just_answered_is_waited_for_beside_those_who_came_meanwhile(together, held, monkeypatch):
    monkeypatch.setattr(gathering, "_LINGER", 1.0)
    first = together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    meanwhile = [together.add([brought(number)], actor=machine(LAB), size=1) for number in (1, 2, 3)]
    held.go_on.set()
    first.result(60)
    again = together.add([brought(4)], actor=machine(LAB), size=1)
    for future in (*meanwhile, again):
        future.result(60)
    assert held.batches == [1, 4]


def test_what_cannot_be_kept_fails_alone(together, held, monkeypatch, query):
    poison = brought(7)
    keep = held.keep

    def refuses(batch, **more):
        if any(one.delivery.id == poison.delivery.id for one in batch):
            raise DataError("a value that the database does not take")
        return keep(batch, **more)

    held.keep = refuses
    first = together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    futures = {n: together.add([brought(n)], actor=machine(LAB), size=1) for n in range(1, 13) if n != 7}
    futures[7] = together.add([poison], actor=machine(LAB), size=1)
    held.go_on.set()
    for number, future in {0: first, **futures}.items():
        if number == 7:
            with pytest.raises(NotKept) as why:
                future.result(60)
            assert "value" not in str(why.value)
        else:
            assert future.result(60)[0].outcome.value == "accepted"
    assert query("SELECT count(*) FROM screening_result") == [(12,)]


def test_a_message_that_cannot_be_prepared_fails_alone(together, held, monkeypatch):
    first = together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    good = together.add([brought(1)], actor=machine(LAB), size=1)
    bad = together.add([None], actor=machine(LAB), size=1)
    held.go_on.set()
    assert first.result(60)
    assert good.result(60)
    with pytest.raises(NotKept):
        bad.result(60)


def test_a_laboratory_speaks_for_itself_only_among_others(together, held, query):
    other = finess_in("69")
    first = together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    good = together.add([brought(1)], actor=machine(LAB), size=1)
    foreign = together.add([brought(2)], actor=machine(other), size=1)
    held.go_on.set()
    assert first.result(60)
    assert good.result(60)[0].outcome.value == "accepted"
    assert [f.code for f in foreign.result(60)[0].findings] == ["L04"]


def test_beyond_what_one_transaction_takes_nobody_waits(together, held, keyring):
    small = Gathering(keyring=keyring, pathogen=COVID, most_waiting=3)
    small.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    waiting = [small.add([brought(n)], actor=machine(LAB), size=1) for n in range(1, 4)]
    with pytest.raises(Full):
        small.add([brought(4)], actor=machine(LAB), size=1)
    held.go_on.set()
    assert all(one.result(60) for one in waiting)
    assert small.add([brought(4)], actor=machine(LAB), size=1).result(60)


def test_nobody_is_waited_for_where_nobody_else_may_come(held, keyring, monkeypatch):
    monkeypatch.setattr(gathering, "_LINGER", 60.0)
    small = Gathering(keyring=keyring, pathogen=COVID, most_waiting=3)
    first = small.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    waiting = [small.add([brought(n)], actor=machine(LAB), size=1) for n in (1, 2)]
    held.go_on.set()
    first.result(60)
    deadline = time.monotonic() + 20
    while not waiting[-1].done():
        assert time.monotonic() < deadline
        with suppress(Full):
            small.add([brought(4), brought(5)], actor=machine(LAB), size=1)
        time.sleep(0.01)


def test_beyond_so_many_bytes_nobody_waits(together, held):
    together.add([brought(0)], actor=machine(LAB), size=1)
    assert held.begun.wait(60)
    together.add([brought(1)], actor=machine(LAB), size=gathering.MOST_BYTES + 1)  # alone, it is taken
    with pytest.raises(Full):
        together.add([brought(2)], actor=machine(LAB), size=1)
    held.go_on.set()


def test_a_fault_of_the_keeper_itself_lets_nobody_wait_for_ever(together, monkeypatch):
    def breaks(*_args):
        raise ValueError("PERSONNE")

    with monkeypatch.context() as patch:
        patch.setattr(together, "_keep_prepared", breaks)
        with pytest.raises(NotKept):
            together.add([brought(1)], actor=machine(LAB), size=1).result(60)
    assert together.add([brought(1)], actor=machine(LAB), size=1).result(60)


def test_when_the_database_is_away_nothing_is_kept_and_the_next_are(together, monkeypatch, query):
    def away(*_args, **_kwargs):
        raise psycopg.OperationalError("down")

    with monkeypatch.context() as patch:
        patch.setattr(gathering, "keep", away)
        with pytest.raises(psycopg.OperationalError):
            together.add([brought(1)], actor=machine(LAB), size=1).result(60)
    assert query("SELECT count(*) FROM screening_result") == [(0,)]
    assert together.add([brought(1)], actor=machine(LAB), size=1).result(60)[0].repeated is False


def test_who_was_refused_is_told_when_to_come_again(deliver, held, monkeypatch):
    intake = api.intake_of()
    intake.gathering._most = 1

    def one(number):
        return deliver(messages.hl7(("MSG000001", f"M{number}"), ("21048BC000020", f"BC{number}")), HL7)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(one, 1)
        assert held.begun.wait(60)
        second = pool.submit(one, 2)
        deadline = datetime.now(UTC).timestamp() + 60
        while not intake.gathering._waiting and datetime.now(UTC).timestamp() < deadline:
            threading.Event().wait(0.01)
        refused = one(3)
        held.go_on.set()
        assert first.result(60).status_code == second.result(60).status_code == 200
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["title"] == "busy"
    assert one(3).status_code == 200


def test_who_waits_for_the_keeper_holds_no_connection(keyring, query, monkeypatch):
    """A dozen requests that waited with one each would leave none to the keeper, for whom all of them wait."""
    intake, held_by_others = Intake(pathogen=COVID, keyring=keyring), []
    add = intake.gathering.add

    class Watched(Future):
        def result(self, timeout=None):
            held_by_others.append(connection.connection is not None)
            return super().result(timeout)

    def watched(*args, **more):
        found = Watched()
        add(*args, **more).add_done_callback(lambda done: found.set_result(done.result()))
        return found

    monkeypatch.setattr(intake.gathering, "add", watched)
    connection.ensure_connection()
    (one,) = intake.take([brought(1)], actor=machine(LAB))
    assert one.kept.outcome.value == "accepted"
    assert held_by_others == [False]
