"""`rempart declaration-codes`: how many codes were issued; nothing else is known of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer


def declaration_codes(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days back.")] = 30,
) -> None:
    """How many declaration codes were issued by day, as CSV."""
    from rempart.site.runtime import platform

    with platform():
        from rempart.proximity.codes.services import issued_by_day

        typer.echo("day,issued")
        for day, issued in issued_by_day(since=datetime.now(UTC).date() - timedelta(days=days - 1)):
            typer.echo(f"{day},{issued}")
