"""Scheduled work: the periodic tasks of every room (its tasks.py), run beside the subscribers.

procrastinate keeps what is due in the database: several workers share one schedule, each task runs once.
A task is a thin call of a service that may run twice, for a worker may die between its work and its word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import Error, connection
from procrastinate.contrib.django import DjangoApp, app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

_log = logging.getLogger(__name__)
_PATIENCE = 2.0
"""Seconds before the database is asked again when it went away."""

_GRACE = 10.0
"""Seconds that a task under way is given when the worker stops."""


class TaskFailed(Exception):
    """The database refused what a task did. Its own words may repeat a row: they are not passed on."""


class NoSuchTask(LookupError):
    """No periodic task has that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A periodic task: when it runs (cron, UTC), how its last run ended and when; empty: it never ran."""

    name: str
    cron: str
    ended: str
    at: datetime | None


def run(stop: threading.Event) -> None:
    """Run what is due until told to stop. A database that goes away is waited for."""
    while not stop.is_set():
        try:
            asyncio.run(_work(stop))
        except (Error, ConnectorException):
            _log.warning("the database does not answer; scheduled tasks wait")
        except Exception:
            _log.exception("the schedule failed; it starts again")
        stop.wait(_PATIENCE)


def planned() -> list[Planned]:
    """Every periodic task, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (job.task_name) job.task_name, job.status::text, event.at"
            " FROM procrastinate_jobs job JOIN procrastinate_events event ON event.job_id = job.id"
            " WHERE job.status <> 'todo' ORDER BY job.task_name, event.at DESC"
        )
        last = {name: (status, at) for name, status, at in cursor.fetchall()}
    found = []
    for task in app.periodic_registry.periodic_tasks.values():
        ended, at = last.get(task.task.name, ("", None))
        found.append(Planned(name=task.task.name, cron=task.cron, ended=ended, at=at))
    return sorted(found, key=lambda one: one.name)


def run_now(name: str, *, now: datetime) -> None:
    """Run one periodic task in this process, whenever it is due. Raises NoSuchTask."""
    for task in app.periodic_registry.periodic_tasks.values():
        if task.task.name == name:
            task.task(timestamp=int(now.timestamp()))
            return
    raise NoSuchTask(name)


async def _work(stop: threading.Event) -> None:
    connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=3)
    # tasks stay with the app of this process: what they defer is part of their own transaction
    schedule = DjangoApp(
        connector=connector,
        periodic_defaults=app.periodic_defaults,
        worker_defaults={"task_middleware": [_without_rows]},
    )
    schedule.tasks, schedule.periodic_registry = app.tasks, app.periodic_registry
    async with schedule.open_async():
        worker = asyncio.create_task(
            schedule.run_worker_async(
                install_signal_handlers=False,
                fetch_job_polling_interval=30.0,
                shutdown_graceful_timeout=_GRACE,
            )
        )
        while not (stop.is_set() or worker.done()):
            await asyncio.wait([worker], timeout=0.2)
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


def _without_rows(call_next: Callable[[], Any], context: object, worker: object) -> Any:
    """What a task raises goes to the log with its trace; the database's errors go without their text."""
    try:
        return call_next()
    except Error as error:
        raise TaskFailed(type(error).__name__) from None
