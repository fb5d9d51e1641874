"""`rempart oversight`: what the committee reads, counted and written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The figures of the oversight committee.")


@app.command()
def count(
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Count every day from this one on; those that may still change when none.",
        ),
    ] = None,
) -> None:
    """Count the days now; a task does so every six hours.

    A day whose rows have been destroyed since gives nothing any more: ask for days that are still there.
    """
    from rempart.site.runtime import platform

    with platform():
        from rempart.protection.oversight.services.counting import count as run

        first = run(since=since.date() if since else None, now=datetime.now(UTC))
        typer.echo(f"Counted from {first} on.")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Where to write the report and its data.", file_okay=False)],
    quarter: Annotated[
        str, typer.Option(help="Which one, such as 2026Q4; the last that ended when none.")
    ] = "",
) -> None:
    """Write a quarter's report: PDF for people, CSV and JSON beside it. The same figures give the same bytes."""
    from rempart.protection.oversight.rules import Quarter
    from rempart.site.refusals import CannotRun
    from rempart.site.runtime import platform

    try:
        asked = Quarter.parse(quarter) if quarter else Quarter.of(datetime.now(UTC).date()).previous
    except ValueError as wrong:
        raise CannotRun(str(wrong)) from wrong
    with platform():
        from django.utils import translation

        from rempart.foundation.access.actor import Purpose, system
        from rempart.protection.oversight import documents, pages
        from rempart.protection.oversight.report import report as made
        from rempart.protection.oversight.services.reading import figures

        found = figures(actor=system(Purpose.OVERSIGHT), first=asked.first, last=asked.last)
        folder.mkdir(parents=True, exist_ok=True)
        with translation.override("fr"):
            whole = made(found)
            files = {
                "pdf": documents.as_pdf(whole, quarter=asked, issuer=pages.issuer()),
                "csv": documents.as_csv(whole).encode(),
                "json": documents.as_json(whole).encode(),
            }
        for ending, content in files.items():
            path = folder / f"rapport-{asked}.{ending}"
            path.write_bytes(content)
            typer.echo(str(path))
