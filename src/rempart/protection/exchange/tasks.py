"""What the exchange does by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from rempart.protection.exchange.services.sweeping import sweep


@app.periodic(cron="*/15 * * * *")
@app.task(name="exchange.sweep")
def sweep_files(timestamp: int) -> None:
    """Destroy the files whose day has passed, and what is left of uploads that were cut short."""
    sweep(now=datetime.fromtimestamp(timestamp, UTC))
