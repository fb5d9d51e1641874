"""What the schedule does for itself."""

from __future__ import annotations

from datetime import UTC, datetime

from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app

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
