"""What the schedule does for itself."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

from asgiref.sync import async_to_sync
from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.people.reindexing import NotSettled, asked
from rempart.foundation.vault import keyring_of
from rempart.site import carriers, teleservice
from rempart.site.reindexing import run

_REINDEXES_FOR = timedelta(minutes=8)
_LOOKS_UP_FOR = timedelta(seconds=45)
_KEPT_HOURS = 30 * 24
"""How long the outcome of a task is kept, for `rempart tasks list` and for whoever asks why."""


@app.periodic(cron="50 2 * * *")
@app.task(name="schedule.forget-finished")
def forget_finished(timestamp: int) -> None:
    """Forget tasks that ended a month ago, well or badly."""
    async_to_sync(app.job_manager.delete_old_jobs)(
        nb_hours=_KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="*/10 * * * *")
@app.task(name="schedule.resume-stalled")
def resume_stalled(timestamp: int) -> None:
    """Put back what a worker was doing when it died."""
    for job in async_to_sync(app.job_manager.get_stalled_jobs)():
        async_to_sync(app.job_manager.retry_job)(job, retry_at=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="*/10 * * * *")
@app.task(name="keys.reindex")
def reindex(timestamp: int) -> None:
    """Go on indexing people again, where `rempart keys reindex` asked for it and was not let finish."""
    until = datetime.now(UTC) + _REINDEXES_FOR
    if asked():
        with contextlib.suppress(NotSettled):
            run(keyring=keyring_of(settings.KEY_STORE), clock=lambda: datetime.now(UTC), until=until)


@app.periodic(cron="0 3 * * *")
@app.task(name="letters.batch")
def gather_letters(timestamp: int) -> None:
    """Make the batch of the day for the printing house, where there is one."""
    carriers.gather_letters()


@app.periodic(cron="* * * * *")
@app.task(name="people.ins")
def look_up_ins(timestamp: int) -> None:
    """Ask the national INS teleservice about those who came without a number."""
    if settings.INS_TELESERVICE is not None:
        teleservice.run(
            settings.INS_TELESERVICE,
            keyring=keyring_of(settings.KEY_STORE),
            clock=lambda: datetime.now(UTC),
            until=datetime.now(UTC) + _LOOKS_UP_FOR,
        )
