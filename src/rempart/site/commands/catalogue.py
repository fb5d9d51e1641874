"""`rempart catalogue`: every field of every table, as the platform declares it."""

from __future__ import annotations

import typer


def catalogue() -> None:
    """Write the catalogue of data as CSV: field, form, purpose, who sees it, how long, by which law."""
    from rempart.protection.catalogue.entries import as_csv

    typer.echo(as_csv(), nl=False)
