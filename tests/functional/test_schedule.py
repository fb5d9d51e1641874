"""The schedule: each room's tasks run once when they are due, by whoever of the workers comes first."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.factories import NOW

from rempart.site import schedule

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30.0


@pytest.fixture
def ran():
    """Instants that a task of the tests was given; it is due every minute."""
    given: list[int] = []

    @app.task(name="tests.every-minute")
    def every_minute(timestamp: int) -> None:
        given.append(timestamp)

    app.periodic(cron="* * * * *")(every_minute)
    yield given
    del app.tasks["tests.every-minute"], app.periodic_registry.periodic_tasks["tests.every-minute", ""]


@pytest.fixture
def fails():
    """A task that the database refuses, with a row in its words."""

    @app.task(name="tests.fails")
    def refused(timestamp: int) -> None:
        raise IntegrityError("Failing row contains (ZYGOMALAS)")

    app.periodic(cron="* * * * *")(refused)
    yield
    del app.tasks["tests.fails"], app.periodic_registry.periodic_tasks["tests.fails", ""]


def work_until(done, *, workers: int = 1) -> None:
    """Let workers run the schedule until something is true, and stop them."""
    stop = threading.Event()
    threads = [threading.Thread(target=schedule.run, args=(stop,)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE
    while not done() and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def outcome(name: str) -> str:
    return next((one.ended for one in schedule.planned() if one.name == name), "")


def test_a_task_that_is_due_runs_and_says_how_it_ended(ran):
    assert outcome("tests.every-minute") == ""
    work_until(lambda: outcome("tests.every-minute") == "succeeded")
    assert len(ran) >= 1
    assert abs(datetime.now(UTC).timestamp() - ran[0]) < 120


def test_two_workers_run_it_once(ran):
    work_until(lambda: outcome("schedule.forget-finished") == "succeeded" and ran, workers=2)
    assert len(ran) == len(set(ran))


def test_what_was_missed_in_the_night_runs_at_the_next_start():
    work_until(lambda: outcome("schedule.forget-finished") == "succeeded")
    assert outcome("schedule.forget-finished") == "succeeded"


def test_a_failure_is_logged_without_what_the_database_says_of_a_row(fails, caplog):
    work_until(lambda: outcome("tests.fails") == "failed")
    assert "tests.fails" in caplog.text
    assert "TaskFailed: IntegrityError" in caplog.text
    assert "ZYGOMALAS" not in caplog.text


def test_an_operator_runs_a_task_now(ran):
    schedule.run_now("tests.every-minute", now=NOW)
    assert ran == [int(NOW.timestamp())]


def test_what_was_deferred_in_a_transaction_that_failed_never_runs(ran):
    def defer_and_fail() -> None:
        with transaction.atomic():
            app.tasks["tests.every-minute"].defer(timestamp=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        defer_and_fail()
    assert not ProcrastinateJob.objects.exists()


def test_what_a_dead_worker_was_doing_is_put_back(ran, owner):
    app.tasks["tests.every-minute"].defer(timestamp=1)
    owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    schedule.run_now("schedule.resume-stalled", now=NOW)
    assert ProcrastinateJob.objects.get().status == "todo"


def test_a_month_old_outcome_is_forgotten(ran, owner):
    app.tasks["tests.every-minute"].defer(timestamp=1)
    owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    owner.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    schedule.run_now("schedule.forget-finished", now=NOW)
    assert ProcrastinateJob.objects.count() == 1
    owner.execute("UPDATE procrastinate_events SET at = now() - interval '31 days'")
    schedule.run_now("schedule.forget-finished", now=NOW)
    assert not ProcrastinateJob.objects.exists()


def test_there_is_no_task_of_that_name():
    with pytest.raises(schedule.NoSuchTask):
        schedule.run_now("nothing", now=NOW)
