"""What proximity does by the clock."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from rempart.proximity.codes import services


@app.periodic(cron="40 1 * * *")
@app.task(name="proximity.mix-codes")
def mix_codes(timestamp: int) -> None:
    """Write the codes of yesterday anew, in an order that says nothing."""
    services.mix(now=datetime.now(UTC))
