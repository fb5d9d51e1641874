"""What oversight does by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from rempart.protection.oversight.services.counting import count


@app.periodic(cron="25 */6 * * *")
@app.task(name="oversight.count")
def count_days(timestamp: int) -> None:
    """Count the days that may still change."""
    count(now=datetime.fromtimestamp(timestamp, UTC))
