"""What retention does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.vault import keyring_of
from rempart.protection.retention.services import daily, proof


@app.periodic(cron="30 0 * * *")
@app.task(name="retention.run")
def run(timestamp: int) -> None:
    """Destroy what is past its day. By the clock of now: a task that waited a day destroys that day, too."""
    daily.run(keyring=keyring_of(settings.KEY_STORE), now=datetime.now(UTC))


@app.periodic(cron="5 7 * * *")
@app.task(name="retention.warn")
def warn(timestamp: int) -> None:
    """Write to the data-protection officer when the night did not destroy what it should."""
    proof.warn(keyring=keyring_of(settings.KEY_STORE), public_url=settings.PUBLIC_URL, now=datetime.now(UTC))
