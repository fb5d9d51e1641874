"""What the audit does by the clock. Sealing is not here: it goes each second (sealing.run)."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from rempart.foundation.audit import anchoring, months, watching
from rempart.foundation.vault import keyring_of


@app.periodic(cron="5 0 * * *")
@app.task(name="audit.anchor")
def anchor(timestamp: int) -> None:
    """Sign the last block of the day, and write the signature outside the database."""
    anchoring.anchor(
        keyring=keyring_of(settings.KEY_STORE), folder=settings.ANCHORS_ROOT, now=datetime.now(UTC)
    )


@app.periodic(cron="15 0 * * *")
@app.task(name="audit.months")
def make_months(timestamp: int) -> None:
    """Make the partitions of the months to come."""
    months.make_ahead(today=datetime.now(UTC).date())


@app.periodic(cron="20 3 * * *")
@app.task(name="audit.habits")
def note_habits(timestamp: int) -> None:
    """Note what agents did the day before, in figures."""
    watching.note_habits(now=datetime.now(UTC))


@app.periodic(cron="*/10 * * * *")
@app.task(name="audit.detect")
def detect(timestamp: int) -> None:
    """Look for what asks for a look, and make alerts of it."""
    watching.detect(now=datetime.now(UTC))
