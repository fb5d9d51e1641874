"""What accounts do by themselves, at night."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.access.accounts.aging import age
from rempart.foundation.access.enrolment.services import forget
from rempart.foundation.vault import keyring_of


@app.periodic(cron="15 2 * * *")
@app.task(name="accounts.age")
def age_accounts(timestamp: int) -> None:
    """Warn whoever does not use his account, put it to sleep a week later, end it on its last day."""
    age(keyring=keyring_of(settings.KEY_STORE), now=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="25 2 * * *")
@app.task(name="accounts.forget-enrolments")
def forget_enrolments(timestamp: int) -> None:
    """Forget the requests for a laboratory's account whose code ended a month ago."""
    forget(now=datetime.fromtimestamp(timestamp, UTC))
