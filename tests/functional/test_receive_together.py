"""Several batches at the same moment: everything exactly once, one person each, nobody mixed up."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from tests.factories import PCR, corrected, message, nir_of, person, report, somebody

from rempart.screening.rules.report import Outcome, Result
from rempart.screening.services import receive as receiving

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """Run the calls at the same moment, each on its own connection; their answers in order."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait(10)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_the_same_batch_from_four_threads_is_kept_once(keep, query):
    batch = [message(report(somebody(n), record_number=f"R{n}")) for n in range(40)]
    answers = together(*[lambda: keep(*batch)] * 4)
    assert query("SELECT count(*), count(DISTINCT ledger_key) FROM screening_result") == [(40, 40)]
    assert query("SELECT count(*) FROM screening_message") == [(40,)]
    assert query("SELECT count(*) FROM screening_delivery") == [(1,)]
    assert query("SELECT count(*) FROM people_person") == [(40,)]
    assert query("SELECT count(*) FROM events_event") == [(1,)]
    assert len({kept.delivery_id for answer in answers for kept in answer}) == 1
    assert sorted(answer[0].repeated for answer in answers) == [False, True, True, True]


def test_batches_that_cross_each_other_keep_everything_once(keep, query, caplog):
    """The same messages, in opposite orders, cut otherwise: batches that could wait in a circle. Those that are
    undone give back their connections as they had them."""
    messages = [message(report(somebody(n), record_number=f"R{n}")) for n in range(60)]
    together(
        lambda: keep(*messages[:40]),
        lambda: keep(*reversed(messages)),
        lambda: keep(*messages[20:]),
        lambda: [keep(*messages[n : n + 7]) for n in range(0, 60, 7)],
    )
    assert query("SELECT count(*), count(DISTINCT ledger_key) FROM screening_result WHERE current") == [
        (60, 60)
    ]
    assert query("SELECT count(*) FROM screening_message") == [(60,)]
    assert query("SELECT count(*) FROM people_person") == [(60,)]
    assert [one.getMessage() for one in caplog.records if one.name.startswith("psycopg")] == []


def test_two_batches_with_the_same_people_make_each_person_once(keep, query):
    people = [somebody(n) for n in range(30)]
    together(
        lambda: keep(*[message(report(one, record_number=f"A{n}")) for n, one in enumerate(people)]),
        lambda: keep(*[message(report(one, record_number=f"B{n}")) for n, one in enumerate(people)]),
    )
    assert query("SELECT count(*) FROM people_person") == [(30,)]
    assert query(
        "SELECT count(*) FROM (SELECT FROM screening_result GROUP BY person_id HAVING count(*) = 2) t"
    ) == [(30,)]


def test_two_corrections_at_once_are_two_versions_one_of_them_current(keep, query):
    keep(message(report()))
    together(
        lambda: keep(message(corrected(report(), result=Result.NEGATIVE))),
        lambda: keep(message(corrected(report(), result=Result.UNINTERPRETABLE))),
    )
    assert [row[0] for row in query("SELECT version FROM screening_result ORDER BY 1")] == [1, 2, 3]
    assert query("SELECT version FROM screening_result WHERE current") == [(3,)]


def test_a_control_id_used_twice_at_once_is_accepted_once(keep, query):
    answers = together(
        lambda: keep(message(report(), control_id="C1")),
        lambda: keep(message(report(result=Result.NEGATIVE), control_id="C1")),
    )
    assert sorted(kept.outcome for (kept,) in answers) == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_the_first_messages_of_a_month_arrive_together(keep, query):
    march = datetime(2033, 3, 1, 0, 0, 1, tzinfo=UTC)
    calls = [
        lambda n=n: keep(message(report(somebody(n), record_number=f"R{n}")), now=march) for n in range(4)
    ]
    began = datetime.now(UTC)
    together(*calls)
    assert query("SELECT count(*), min(tableoid::regclass::text) FROM screening_result") == [
        (4, "screening_result_2033_03")
    ]
    assert (datetime.now(UTC) - began).total_seconds() < 1  # none waited for a deadlock to be found


def test_two_matricules_for_the_same_traits_at_once_are_two_people(keep, query):
    """A person known by her traits only; two homonyms of hers come with a matricule each, together."""
    keep(message(report(person(ins=""), record_number="first")))
    ready = threading.Barrier(2)
    known_keys = receiving.store.known_keys

    def both_have_looked(connection, keys):
        answer = known_keys(connection, keys)

        def found():
            read = answer()
            if not ready.broken and ready.n_waiting < 2:
                with suppress(threading.BrokenBarrierError):
                    ready.wait(0.3)
            return read

        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receiving.store, "known_keys", both_have_looked)
        together(
            lambda: keep(message(report(person(ins=nir_of("2790351215189")), record_number="second"))),
            lambda: keep(message(report(person(ins=nir_of("2790351215200")), record_number="third"))),
        )
    owners = query(
        "SELECT person_id, count(*) FROM people_matching_key WHERE is_ins GROUP BY person_id ORDER BY 2 DESC"
    )
    assert [owned for _, owned in owners] == [1, 1]


def test_a_batch_that_fails_in_the_middle_leaves_nothing(keep, counts, monkeypatch):
    before = counts()

    def broken(*_args, **_kwargs):
        raise RuntimeError("the power is cut")

    monkeypatch.setattr(receiving, "publish", broken)
    with pytest.raises(RuntimeError):
        keep(message(report()), message(report(somebody(1), record_number="R1")))
    assert counts() == before
    monkeypatch.undo()
    (kept,) = keep(message(report()))
    assert not kept.repeated


def test_what_an_open_transaction_holds_is_waited_for(keep, query):
    """A batch meets another one that has not committed yet, and then sees what it kept."""
    one = message(report())
    inside, finish = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            keep(one)
            inside.set()
            finish.wait(10)

    def second():
        inside.wait(10)
        threading.Timer(0.2, finish.set).start()
        return keep(one)

    _, ((kept,)) = together(slow, second)
    assert kept.repeated
    assert query("SELECT count(*), min(loinc) FROM screening_result") == [(1, PCR)]
