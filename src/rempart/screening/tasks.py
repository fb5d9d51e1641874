"""What screening does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.vault import keyring_of
from rempart.screening.api import intake_of
from rempart.screening.desk.services import again, watching
from rempart.screening.handover.services import posting
from rempart.screening.notices.calls import keeping
from rempart.screening.reviewing import seeking

_JUDGES_FOR = timedelta(seconds=50)
_BOUNCED_FOR = timedelta(days=1)
_COMPARES_FOR = timedelta(seconds=45)


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


@app.periodic(cron="5 * * * *")
@app.task(name="handover.post-waiting")
def post_waiting(timestamp: int) -> None:
    """Send the certificates that waited for a mailbox which the directory has now, and list those that came back."""
    now, keyring = datetime.now(UTC), keyring_of(settings.KEY_STORE)
    with acting(system(Purpose.NOTICE)):
        posting.take_back(since=now - _BOUNCED_FOR)
    while True:
        with acting(system(Purpose.NOTICE)) as cursor:
            if not posting.post_waiting(cursor, keyring=keyring, now=now):
                return


@app.periodic(cron="*/5 * * * *")
@app.task(name="notices.take-back")
def take_back(timestamp: int) -> None:
    """Put the positives whom no message reached on their laboratories' lists of calls."""
    keeping.take_back(keyring=keyring_of(settings.KEY_STORE), now=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="people.compare")
def compare_identities(timestamp: int) -> None:
    """Look for identities that may be of one person, among those that came; the next minute goes on."""
    until = datetime.now(UTC) + _COMPARES_FOR
    keyring = keyring_of(settings.KEY_STORE)
    while (now := datetime.now(UTC)) < until and seeking.seek(keyring=keyring, now=now).more:
        pass
