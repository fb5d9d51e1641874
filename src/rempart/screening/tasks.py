"""What screening does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from rempart.screening.api import intake_of
from rempart.screening.desk.services import again, watching

_JUDGES_FOR = timedelta(seconds=50)


@app.periodic(cron="* * * * *")
@app.task(name="desk.judge-again")
def judge_again(timestamp: int) -> None:
    """Judge the refused messages that wait for it; the next minute goes on with what is left."""
    until = datetime.now(UTC) + _JUDGES_FOR
    intake = intake_of()
    while (now := datetime.now(UTC)) < until and again.judge_waiting(intake=intake, now=now):
        pass


@app.periodic(cron="35 * * * *")
@app.task(name="desk.watch")
def watch(timestamp: int) -> None:
    """Notice laboratories that send daily and stopped, and those that send again."""
    watching.watch(now=datetime.now(UTC))
