"""Deliveries whose senders do not wait: taken, kept in order, answered once, whatever ends half-way."""

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from tests import messages
from tests.factories import COVID, LAB
from tests.functional.doors import new_key

from rempart.screening.services import deferring, receive
from rempart.screening.services.intake import Intake

pytestmark = pytest.mark.django_db(transaction=True)

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def intake(keyring):
    return Intake(pathogen=COVID, keyring=keyring)


@pytest.fixture
def work(intake):
    """`work()`: what the worker does when it is woken."""
    return lambda: deferring.work(intake=intake, now=datetime.now(UTC))


@pytest.fixture
def ask(client, key):
    """`ask(url)`: where a delivery stands, as its laboratory is told."""
    return lambda url, key=key: client.get(url, headers={"Authorization": f"Bearer {key}"})


def one(number, *changes):
    return messages.hl7(("MSG000001", f"MSG{number}"), ("21048BC000020", f"BC{number}"), *changes)


def file(*numbers):
    return b"".join(one(number) for number in numbers)


def test_taken_at_once_kept_later_answered_then(deliver, ask, work, query):
    taken = deliver(file(1, 2), **ASYNC)
    assert taken.status_code == 202
    assert taken.headers["Preference-Applied"] == "respond-async"
    url = taken.headers["Location"]
    assert taken.json() == {"delivery": url.rsplit("/", 1)[-1], "status": "waiting", "url": url}
    waiting = ask(url)
    assert (waiting.status_code, waiting.json()["status"], waiting.headers["Retry-After"]) == (
        200,
        "waiting",
        "2",
    )
    assert query("SELECT count(*) FROM screening_result") == [(0,)]
    assert work()
    assert not work()
    done = ask(url).json()
    assert done["status"] == "done"
    assert [(item["control_id"], item["outcome"], item["repeated"]) for item in done["items"]] == [
        ("MSG1", "accepted", False),
        ("MSG2", "accepted", False),
    ]
    assert {item["delivery"] for item in done["items"]} == {done["delivery"]}
    assert {group["code"]: group["items"] for group in done["groups"]} == {"S03": [0, 1]}
    assert query("SELECT count(*), count(DISTINCT delivery_id) FROM screening_result") == [(2, 1)]
    assert query("SELECT details->>'channel' FROM audit_entry WHERE act = 'delivery-received'") == [
        ("https",)
    ]


def test_security_it_lies_sealed_until_it_is_kept_and_not_at_all_after(deliver, work, query):
    deliver(file(1), **ASYNC)
    ((sealed, size),) = query("SELECT sealed, size FROM screening_deferred")
    assert b"PAT-TROIS" not in bytes(sealed)
    assert size == len(file(1))
    work()
    ((sealed, answer),) = query("SELECT sealed, answer FROM screening_deferred")
    assert sealed is None
    assert b"MSG1" not in bytes(answer)


def test_security_it_is_the_laboratorys_own(deliver, ask, client, work):
    url = deliver(file(1), **ASYNC).headers["Location"]
    work()
    foreign = ask(url, key=new_key(LAB))
    unknown = ask("/api/v1/deliveries/01919e5c-7a3b-7c1e-8f00-2f6d1c9a4b11", key=new_key(LAB))
    nonsense = ask("/api/v1/deliveries/no-number")
    for answer in (foreign, unknown, nonsense):
        assert answer.status_code == 404
        assert answer.json()["title"] == "delivery-unknown"
    assert client.get(url).status_code == 401


def test_deliveries_are_kept_in_the_order_in_which_they_came(deliver, work, query):
    corrected = one(
        2, ("MSG2", "MSG3"), ("|||F|||20210408134800", "|||C|||20210408134800"), ("^^75007^", "^^75008^")
    )
    deliver(one(2), **ASYNC)
    deliver(corrected, **ASYNC)
    while work():
        pass
    assert query("SELECT version, current FROM screening_result ORDER BY version") == [(1, False), (2, True)]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_worker_that_is_killed_half_way_loses_and_repeats_nothing(
    deliver, ask, intake, work, query, monkeypatch, after
):
    class Killed(BaseException):
        """Nothing catches it, as nothing catches a kill."""

    batches = iter(range(10))
    kept = receive.keep

    def dies(*args, **more):
        if next(batches) == after:
            raise Killed
        return kept(*args, **more)

    monkeypatch.setattr("rempart.screening.services.intake.BATCH", 2)
    url = deliver(file(1, 2, 3, 4), **ASYNC).headers["Location"]
    with monkeypatch.context() as patch:
        patch.setattr(receive, "keep", dies)
        if after == 2:
            patch.setattr(deferring, "_end", lambda *_args, **_more: dies())
        with pytest.raises(Killed):
            work()
    assert ask(url).json()["status"] == "waiting"
    assert work()
    items = ask(url).json()["items"]
    assert [(item["control_id"], item["repeated"]) for item in items] == [
        (f"MSG{n}", False) for n in (1, 2, 3, 4)
    ]
    assert query("SELECT count(*) FROM screening_result") == [(4,)]


def test_the_same_message_twice_in_a_file_is_a_repeat_also_after_a_kill(deliver, ask, work):
    url = deliver(file(1, 1), **ASYNC).headers["Location"]
    work()
    assert [item["repeated"] for item in ask(url).json()["items"]] == [False, True]


def test_what_fails_each_time_ends_and_holds_up_nothing(deliver, ask, work, monkeypatch, caplog):
    url = deliver(file(1), **ASYNC).headers["Location"]

    def breaks(*_args, **_more):
        raise ValueError("PAT-TROIS")

    with monkeypatch.context() as patch:
        patch.setattr(deferring, "_kept", breaks)
        for _ in range(deferring.TRIES + 1):
            assert work()
    assert not work()
    assert ask(url).json()["status"] == "failed"
    assert "failed" in caplog.text
    assert "PAT-TROIS" not in caplog.text


def test_while_the_database_or_the_keys_are_away_it_waits(deliver, ask, work, monkeypatch):
    url = deliver(file(1), **ASYNC).headers["Location"]
    for error in (psycopg.OperationalError("down"),):

        def away(*_args, error=error, **_more):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(deferring, "_kept", away)
            with pytest.raises(type(error)):
                work()
    assert work()
    assert ask(url).json()["status"] == "done"


def test_too_much_is_said_in_the_answer(deliver, ask, work, monkeypatch):
    monkeypatch.setattr("rempart.screening.services.intake.MOST_ITEMS", 1)
    url = deliver(file(1, 2), **ASYNC).headers["Location"]
    work()
    said = ask(url).json()
    assert (said["status"], said["problem"]["title"]) == ("failed", "too-many")


def test_a_laboratory_leaves_so_many_and_no_more(deliver, monkeypatch):
    monkeypatch.setattr(deferring, "MOST_WAITING", 1)
    assert deliver(file(1), **ASYNC).status_code == 202
    refused = deliver(file(2), **ASYNC)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


def test_another_format_is_refused_at_once(deliver):
    assert deliver(b"x", "text/plain", **ASYNC).status_code == 415


def test_the_worker_is_woken_and_works_alone(deliver, ask, intake):
    stop = threading.Event()
    workers = [
        threading.Thread(target=deferring.run, args=(stop,), kwargs={"intake": intake}) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    try:
        urls = [deliver(file(n), **ASYNC).headers["Location"] for n in range(1, 4)]
        deadline = datetime.now(UTC).timestamp() + 15
        while datetime.now(UTC).timestamp() < deadline:
            said = [ask(url).json() for url in urls]
            if all(one["status"] == "done" for one in said):
                break
            threading.Event().wait(0.05)
    finally:
        stop.set()
        for worker in workers:
            worker.join(20)
    assert [one["items"][0]["repeated"] for one in said] == [False, False, False]
