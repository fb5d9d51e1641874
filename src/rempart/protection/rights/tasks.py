"""What rights does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.vault import keyring_of
from rempart.protection.rights.services import letters


@app.periodic(cron="0 7 * * *")
@app.task(name="rights.remind")
def remind(timestamp: int) -> None:
    """Tell the data-protection officer of the requests whose deadline is near or past."""
    letters.remind(
        keyring=keyring_of(settings.KEY_STORE), public_url=settings.PUBLIC_URL, now=datetime.now(UTC)
    )
